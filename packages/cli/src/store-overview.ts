import type { SessionSummary, StoreReader } from '@wilco/store/level';
import { deadLettersOf, entriesOf } from './dead-letter-list.ts';
import {
  channelsOf,
  idOf,
  messagesOf,
  peerOf,
  type StoredChannel,
  type StoredMessage,
  type Way,
} from './stored-messages.ts';

/** What waits in one channel of a session, one way. */
export interface ChannelOverview {
  readonly way: Way;
  readonly channel: string;
  readonly messages: number;
  readonly bytes: number;
  /** Since when the oldest waits. Milliseconds since 1970; `undefined` where that is not known. */
  readonly oldestWallMs: number | undefined;
  /** The first one, which all others are behind; `undefined` where it can't be read. */
  readonly first: StoredMessage | undefined;
}

/** One session, and what waits in it. */
export interface SessionOverview {
  readonly session: string;
  readonly role: 'client' | 'server';
  readonly peer: string;
  readonly channels: readonly ChannelOverview[];
  /** Answers that the peer has not acknowledged. */
  readonly answers: number;
}

/** What is in a store, at a glance. */
export interface StoreOverview {
  readonly storeId: string | undefined;
  readonly openings: number;
  readonly newestCommit: number;
  readonly sessions: readonly SessionOverview[];
  readonly deadLetters: number;
  readonly deadLetterBytes: number;
  /** When the oldest was given up. Milliseconds since 1970. */
  readonly oldestDeadLetterWallMs: number | undefined;
  readonly requeued: number;
  readonly keptReceipts: number;
  readonly ids: number;
  readonly tombstones: number;
  /** What its next opening would tell. */
  readonly damage: readonly string[];
}

/** Looks at everything once; of each channel at its first message only. */
export async function overviewOf(reader: StoreReader): Promise<StoreOverview> {
  const { storeId, bootCount: openings, newestCommit } = reader;
  const sessions = [];
  for (const session of reader.sessions()) sessions.push(await sessionOverview(reader, session));
  let [deadLetters, deadLetterBytes, requeued] = [0, 0, 0];
  let oldestDeadLetterWallMs: number | undefined;
  for await (const { letter, bytes } of deadLettersOf(reader)) {
    deadLetters += 1;
    deadLetterBytes += bytes;
    if (letter?.isRequeued === true) requeued += 1;
    oldestDeadLetterWallMs ??= letter?.diedAtWallMs;
  }
  return {
    ...{ storeId, openings, newestCommit, sessions },
    ...{ deadLetters, deadLetterBytes, oldestDeadLetterWallMs, requeued },
    keptReceipts: await countOf(reader, 'receipts'),
    ids: await countOf(reader, 'ids'),
    tombstones: await countOf(reader, 'tombstones'),
    damage: reader.damage.map(({ code, detail, session }) => damageLine(code, detail, session)),
  };
}

/** What is wrong with a store, in one line. */
export function damageLine(code: string, detail: string, session: string | undefined): string {
  return `${code}: ${detail}${session === undefined ? '' : ` (session ${session})`}`;
}

async function sessionOverview(
  reader: StoreReader,
  session: SessionSummary,
): Promise<SessionOverview> {
  const channels = [];
  for (const channel of channelsOf(reader, { session: idOf(session) })) {
    if (channel.session.session.session !== session.session.session) continue;
    channels.push(await channelOverview(reader, channel));
  }
  return {
    session: idOf(session),
    role: session.session.role,
    peer: peerOf(session),
    channels: channels.filter(({ messages }) => messages > 0),
    answers: session.outgoing.find(({ channel }) => channel === 0)?.messages ?? 0,
  };
}

async function channelOverview(
  reader: StoreReader,
  channel: StoredChannel,
): Promise<ChannelOverview> {
  const { way, name, session, number } = channel;
  if (way === 'in') {
    let [messages, bytes] = [0, 0];
    let first: StoredMessage | undefined;
    let oldestWallMs: number | undefined;
    await untilDamage(async () => {
      for await (const message of messagesOf(reader, channel)) {
        first ??= message;
        oldestWallMs = Math.min(oldestWallMs ?? Infinity, message.sinceWallMs);
        messages += 1;
        bytes += message.bytes;
      }
    });
    return { way, channel: name, messages, bytes, oldestWallMs, first };
  }
  let first: StoredMessage | undefined;
  await untilDamage(async () => {
    for await (const message of messagesOf(reader, channel)) {
      first = message;
      return;
    }
  });
  const sending = session.sending.find((one) => one.channel === number);
  return {
    ...{ way, channel: name, first },
    messages: sending?.unsettled ?? channel.messages,
    bytes: sending?.unsettledBytes ?? 0,
    oldestWallMs: sending?.oldestQueuedWallMs,
  };
}

/** What can't be read is told as damage; the rest of the overview stands. */
async function untilDamage(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch {
    // `verify` names it.
  }
}

async function countOf(
  reader: StoreReader,
  table: Parameters<StoreReader['entries']>[0],
): Promise<number> {
  let count = 0;
  const entries = entriesOf(reader, table);
  while ((await entries.next()).done !== true) count += 1;
  return count;
}
