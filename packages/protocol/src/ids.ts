/** Names a session for ever: 128 random bits as 32 lower-case hexadecimal digits. */
export type SessionId = string;

/** Names one opening of a side's state: 128 random bits as 32 lower-case hexadecimal digits. */
export type RunId = string;

/**
 * Names a server beyond its connections: from its store, else `host:port`.
 * 1 to 255 bytes of UTF-8.
 */
export type ServerId = string;

/** Names a message beyond its session. 1 to 128 bytes of UTF-8. */
export type MessageId = string;

/** The number of a channel in its session and direction, given by its sender. 0 carries answers. */
export type ChannelNumber = number;

/** The channel of answers. */
export const ANSWER_CHANNEL: ChannelNumber = 0;

/** The channel of messages sent without naming one. */
export const DEFAULT_CHANNEL: ChannelNumber = 1;

/** The name of {@link DEFAULT_CHANNEL}. */
export const DEFAULT_CHANNEL_NAME = 'default';

/** The name that stands for {@link ANSWER_CHANNEL} in logs and in the store; no application may use it. */
export const ANSWER_CHANNEL_NAME = 'answers';

/**
 * Who came later: compared by boot count first, then by counter. A client counts
 * each start of its state and, within it, each try to open a connection.
 */
export interface Attempt {
  /** How often this client's state was opened. Whole number from 1. */
  readonly boot: number;
  /** How many connections this run has tried. Whole number from 1. */
  readonly counter: number;
}

/** Negative when `a` came before `b`, 0 when they are the same, positive when after. */
export function compareAttempts(a: Attempt, b: Attempt): number {
  return a.boot - b.boot || a.counter - b.counter;
}

/** The id of a message that was given none: who sent it, on which channel, at which place. */
export function derivedMessageId(
  session: SessionId,
  direction: 'client' | 'server',
  channelName: string,
  seq: number,
): MessageId {
  return `${session}.${direction === 'client' ? 'c' : 's'}.${channelName}.${String(seq)}`;
}

/** What a derived id says: see {@link derivedMessageId}. */
export interface MessageOrigin {
  readonly session: SessionId;
  readonly direction: 'client' | 'server';
  readonly channelName: string;
  readonly seq: number;
}

const DERIVED_ID = /^([0-9a-f]{32})\.([cs])\.(.+)\.([1-9][0-9]{0,15})$/su;

/** Reads a derived id; `undefined` for one that an application made up. */
export function messageOriginOf(id: MessageId): MessageOrigin | undefined {
  const [, session = '', side, channelName = '', digits] = DERIVED_ID.exec(id) ?? [];
  const seq = Number(digits);
  if (side === undefined || !Number.isSafeInteger(seq)) return undefined;
  return { session, direction: side === 'c' ? 'client' : 'server', channelName, seq };
}
