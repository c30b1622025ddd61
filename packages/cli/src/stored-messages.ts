import { derivedMessageId } from '@wilco/client';
import type { SessionSummary, StoreReader } from '@wilco/store/level';
import { ageInWords } from './plain-words.ts';
import { times } from './send-progress.ts';

/** A message in a store that has not ended. */
export interface StoredMessage {
  /** Which way it goes. */
  readonly way: Way;
  readonly session: string;
  /** Who is at the other end, as far as the store knows. */
  readonly peer: string;
  /** Name of the channel. */
  readonly channel: string;
  readonly seq: number;
  readonly id: string;
  readonly type: string;
  readonly bytes: number;
  /** Since when it is here. Milliseconds since 1970. */
  readonly sinceWallMs: number;
  readonly expiresAtWallMs: number | undefined;
  readonly attempts: number | undefined;
  /** Why it has not ended, in words. */
  readonly why: string;
}

/** To be sent by the owner of the store, or to be handled by it. */
export type Way = 'out' | 'in';

/** Which messages or letters are meant. All of what is given must fit. */
export interface Selection {
  /** The beginning of a session's id is enough. */
  readonly session?: string | undefined;
  readonly type?: string | undefined;
  /** Their ids. */
  readonly ids?: readonly string[];
}

/** One channel of a session, one way, of which messages are pending. */
export interface StoredChannel {
  readonly way: Way;
  readonly session: SessionSummary;
  readonly number: number;
  readonly name: string;
  readonly base: number;
  readonly next: number;
  readonly messages: number;
}

type Record = Pick<StoredMessage, 'seq' | 'type' | 'expiresAtWallMs'> & {
  readonly id: string | undefined;
  readonly payload: Uint8Array;
};

/** How much is read in one go. */
const PAGE = { maxMessages: 256, maxBytes: 4 * 1024 * 1024 };
const WAYS = { out: 'outgoing', in: 'incoming' } as const;
/** It carries answers to the peer, and no message of the application. */
const ANSWERS = 0;

/** The channels that messages of the application wait in. */
export function* channelsOf(
  reader: StoreReader,
  { session: wanted = '' }: Selection = {},
): Generator<StoredChannel> {
  for (const session of reader.sessions()) {
    if (!idOf(session).startsWith(wanted)) continue;
    yield* waysOf(session, 'out');
    yield* waysOf(session, 'in');
  }
}

function* waysOf(session: SessionSummary, way: Way): Generator<StoredChannel> {
  const records = way === 'out' ? session.sending : session.receiving;
  for (const { channel: number, base, next, messages } of session[WAYS[way]]) {
    if (number === ANSWERS || messages === 0) continue;
    const name = records.find(({ channel }) => channel === number)?.name ?? `#${number}`;
    yield { way, session, number, name, base, next, messages };
  }
}

/** The pending messages of a channel, in order, read a page at a time. */
export async function* messagesOf(
  reader: StoreReader,
  channel: StoredChannel,
  { type, ids }: Selection = {},
): AsyncGenerator<StoredMessage> {
  const { session, number, way } = channel;
  const { session: key } = session.session;
  for (let from = channel.base; ;) {
    const range = { from, to: channel.next, ...PAGE };
    const records =
      way === 'out'
        ? await reader.outgoing(key, number, range)
        : await reader.incoming(key, number, range);
    for (const record of records) {
      if ('voidReason' in record && record.voidReason !== undefined) continue;
      const message = messageOf(channel, record, whyOf(channel, record));
      if (type !== undefined && message.type !== type) continue;
      if (ids !== undefined && ids.length > 0 && !ids.includes(message.id)) continue;
      yield message;
    }
    const last = records.at(-1);
    if (last === undefined || last.seq + 1 >= channel.next) return;
    from = last.seq + 1;
  }
}

/** The id of a session, as its peer and the log know it. */
export function idOf({ session: { id, session } }: SessionSummary): string {
  return id ?? session;
}

/** Who is at the other end of a session. */
export function peerOf({ session }: SessionSummary): string {
  if (session.role === 'client') return session.serverId ?? 'a server that was never reached';
  return session.identity ?? 'a client without a name';
}

/** The id of a message: its own, or the one that its place gives it. */
export function messageIdOf(channel: StoredChannel, seq: number, id: string | undefined): string {
  if (id !== undefined) return id;
  const { session, way, name } = channel;
  const { role } = session.session;
  const isOwn = way === 'out';
  const sender = isOwn === (role === 'client') ? 'client' : 'server';
  return derivedMessageId(idOf(session), sender, name, seq);
}

function messageOf(
  channel: StoredChannel,
  record: Awaited<ReturnType<StoreReader['outgoing' | 'incoming']>>[number],
  why: string,
): StoredMessage {
  const { way, session, name } = channel;
  const { seq, id, type, payload, expiresAtWallMs }: Record = record;
  return {
    ...{ way, session: idOf(session), peer: peerOf(session), channel: name, seq },
    id: messageIdOf(channel, seq, id),
    ...{ type, bytes: payload.byteLength },
    sinceWallMs: 'queuedAtWallMs' in record ? record.queuedAtWallMs : record.acceptedAtWallMs,
    expiresAtWallMs,
    attempts: 'attempts' in record ? record.attempts : undefined,
    why,
  };
}

function whyOf(
  channel: StoredChannel,
  record: Awaited<ReturnType<StoreReader['outgoing' | 'incoming']>>[number],
): string {
  return 'attempts' in record ? whyNotHandled(channel, record) : whyNotSettled(channel, record);
}

function whyNotSettled(
  { session, number }: StoredChannel,
  { seq, expiresAtWallMs = Infinity }: Record,
): string {
  const { successor, role, id } = session.session;
  const sending = session.sending.find(({ channel }) => channel === number);
  if (expiresAtWallMs <= Date.now()) return 'its time is over: it ends when its owner starts';
  if (sending !== undefined && seq < sending.reported) {
    return 'the peer has it, and had not said that it is handled';
  }
  if (successor !== undefined) return 'its session has ended: it moves to the next one';
  if (role === 'client' && id === undefined) return 'no server has been reached yet';
  return 'the peer has not said that it has it';
}

function whyNotHandled(
  { session, number }: StoredChannel,
  record: Awaited<ReturnType<StoreReader['incoming']>>[number],
): string {
  const { seq, attempts, notBeforeWallMs = 0, expiresAtWallMs = Infinity } = record;
  const nowWallMs = Date.now();
  if (notBeforeWallMs > nowWallMs) {
    const inWords = ageInWords(notBeforeWallMs - nowWallMs);
    return `its handler said "not now" ${times(attempts)}; again in ${inWords}`;
  }
  if (attempts > 0) return `handlers were started on it ${times(attempts)}, none finished`;
  if (expiresAtWallMs <= nowWallMs) return 'its time is over: it ends when its owner starts';
  const { startedBelow = 1 } = session.receiving.find(({ channel }) => channel === number) ?? {};
  if (seq < startedBelow) return 'its handler was perhaps started when the process ended';
  return 'no handler was started on it yet';
}
