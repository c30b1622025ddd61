import type { AnswerOutcome, Extension, NewReason, VoidReason } from './frames.ts';
import type { ChannelNumber, MessageId, RunId, ServerId, SessionId } from './ids.ts';
import type { Position, Seq } from './position.ts';

/** How a message ended, as its receiver keeps it until the sender has it. */
export interface AnswerRecord {
  readonly channel: ChannelNumber;
  readonly seq: Seq;
  readonly id: MessageId | undefined;
  readonly outcome: AnswerOutcome;
  readonly code: string;
  readonly reason: string;
  readonly hasRun: boolean;
  readonly isRetryable: boolean;
}

/** A message, an answer or a void in the outbox. */
export interface OutgoingRecord {
  readonly session: SessionId;
  readonly channel: ChannelNumber;
  readonly seq: Seq;
  /** Name of the type; empty for an answer. */
  readonly type: string;
  readonly id: MessageId | undefined;
  readonly isResent: boolean;
  /** Wall-clock time at which it expires, in milliseconds since 1970; `undefined` for never. */
  readonly expiresAtWallMs: number | undefined;
  /** Wall-clock time at which it was queued, in milliseconds since 1970. */
  readonly queuedAtWallMs: number;
  /** The seq carries no message; the payload is empty. */
  readonly voidReason: VoidReason | undefined;
  readonly answer: AnswerRecord | undefined;
  readonly payload: Uint8Array;
}

/** A message in the inbox whose handler has not finished. */
export interface IncomingRecord {
  readonly session: SessionId;
  readonly channel: ChannelNumber;
  readonly seq: Seq;
  readonly type: string;
  readonly id: MessageId | undefined;
  readonly isResent: boolean;
  readonly expiresAtWallMs: number | undefined;
  /**
   * How often a handler was started on it. 0: perhaps one was, where the channel's record says
   * that handlers have come that far.
   */
  readonly attempts: number;
  /** Its last handler said "not now": no other starts on it before this time, in milliseconds since 1970. */
  readonly notBeforeWallMs: number | undefined;
  /** When it came, in milliseconds since 1970. */
  readonly acceptedAtWallMs: number;
  /** What it takes of the window. Bytes. */
  readonly cost: number;
  readonly extensions: readonly Extension[];
  readonly payload: Uint8Array;
}

/** One channel of a session, seen by its sender. */
export interface SendingRecord {
  readonly session: SessionId;
  readonly channel: ChannelNumber;
  readonly name: string;
  /** The next seq to assign: kept also when nothing waits. */
  readonly next: Seq;
  /**
   * The lowest seq that is news to the peer: which was assigned, or may be, since the two sides last
   * compared their memories. `next` where they have done so in the run that wrote this.
   */
  readonly first: Seq;
  /** The highest *received* position that the peer reported. */
  readonly reported: Position;
  /** Everything below is done with: settled, and received by the peer. */
  readonly base: Position;
  /** Messages of the application without a settled receipt, and the bytes of their payloads. */
  readonly unsettled: number;
  readonly unsettledBytes: number;
  /** When the first of them expires, in milliseconds since 1970; `undefined` for never. */
  readonly firstExpiryWallMs: number | undefined;
  /** When the oldest of them was queued, in milliseconds since 1970; `undefined` for none. */
  readonly oldestQueuedWallMs: number | undefined;
}

/** One channel of a session, seen by its receiver. */
export interface ReceivingRecord {
  readonly session: SessionId;
  readonly channel: ChannelNumber;
  readonly name: string;
  readonly received: Position;
  readonly handled: Position;
  /** `[from, to)` pairs beyond `handled`, flat, ascending. */
  readonly ranges: readonly number[];
  /** No handler has started at or above it: what is below and not handled has perhaps been started. */
  readonly startedBelow: Position;
}

/** What a side keeps of a session beyond its channels. Each side fills what is its own. */
export interface SessionRecord {
  /** Names its records. For a server it is the session's id. */
  readonly session: SessionId;
  /** Client: the session's id, once the server has given it. */
  readonly id?: SessionId | undefined;
  /** It is over, its messages move to the session with these records, and why. */
  readonly successor?: { readonly session: SessionId; readonly reason: NewReason } | undefined;
  /** Server: the session whose place it takes once READY has come, and why. */
  readonly replaces?: { readonly session: SessionId; readonly reason: NewReason } | undefined;
  readonly role: 'client' | 'server';
  /** The run of the peer that was last seen. */
  readonly peerRunId: RunId | undefined;
  readonly serverId: ServerId | undefined;
  /** Client: the token that resumes it. */
  readonly token: Uint8Array | undefined;
  /** Client: the session that this one, which no server has named, is to follow. */
  readonly follows?: {
    readonly id: SessionId;
    readonly token: Uint8Array;
    readonly serverId: ServerId;
  };
  /** Server: hashes of the tokens that resume it, the confirmed one first. */
  readonly tokenHashes: readonly Uint8Array[];
  /** Server: who opened it. */
  readonly identity: string | undefined;
  /** Server: whose ids its messages have, where that is not its identity. */
  readonly idScope?: string | undefined;
  /** Server: the newest attempt. */
  readonly attempt: { readonly boot: number; readonly counter: number } | undefined;
}

/**
 * Where entries beside the records of sessions are kept. Their keys and values are encoded by
 * whoever owns the table.
 */
export const ENTRY_TABLES = ['ids', 'tombstones', 'receipts', 'deadLetters', 'meta'] as const;

/** The name of a table of entries. */
export type EntryTable = (typeof ENTRY_TABLES)[number];

/** One entry of a table. */
export interface StoreEntry {
  /** Text without lone surrogates. */
  readonly key: string;
  readonly value: Uint8Array;
}

/** Which outgoing records to read, and how much at most. */
export interface OutgoingRange {
  readonly session: SessionId;
  readonly channel: ChannelNumber;
  readonly from: Seq;
  readonly to: Position;
  /** From 1. */
  readonly maxMessages: number;
  /** Bytes of payloads. The first record comes whatever its size. */
  readonly maxBytes: number;
}

/** One step of a commit. All steps of a commit hold, or none. */
export type StoreOperation =
  | { readonly type: 'putSession'; readonly record: SessionRecord }
  | { readonly type: 'dropSession'; readonly session: SessionId }
  | { readonly type: 'putSending'; readonly record: SendingRecord }
  | { readonly type: 'putReceiving'; readonly record: ReceivingRecord }
  | { readonly type: 'putOutgoing'; readonly record: OutgoingRecord }
  | {
      readonly type: 'dropOutgoing';
      readonly session: SessionId;
      readonly channel: ChannelNumber;
      readonly from: Seq;
      readonly to: Position;
    }
  | { readonly type: 'putIncoming'; readonly record: IncomingRecord }
  | {
      readonly type: 'dropIncoming';
      readonly session: SessionId;
      readonly channel: ChannelNumber;
      readonly seq: Seq;
    }
  | {
      readonly type: 'putEntry';
      readonly table: EntryTable;
      readonly key: string;
      readonly value: Uint8Array;
    }
  | { readonly type: 'dropEntry'; readonly table: EntryTable; readonly key: string }
  /** Writes of the application, in the form that the store takes them. */
  | { readonly type: 'effect'; readonly effect: unknown };

/** What a store holds of one session: all of it but the later part of a long outbox. */
export interface SessionContents {
  readonly session: SessionRecord;
  readonly sending: readonly SendingRecord[];
  readonly receiving: readonly ReceivingRecord[];
  /**
   * Ascending by channel and seq. Of each channel the first ones only, the head: the others are
   * read when their turn comes. Of the channel of answers all.
   */
  readonly outgoing: readonly OutgoingRecord[];
  /** Ascending by channel and seq. */
  readonly incoming: readonly IncomingRecord[];
}
