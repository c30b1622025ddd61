import type { AnswerOutcome, Extension, VoidReason } from './frames.ts';
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
  /** The highest *received* position that the peer reported. */
  readonly reported: Position;
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
}

/** What a side keeps of a session beyond its channels. Each side fills what is its own. */
export interface SessionRecord {
  /** Names its records. For a server it is the session's id. */
  readonly session: SessionId;
  /** Client: the session's id, once the server has given it. */
  readonly id?: SessionId | undefined;
  readonly role: 'client' | 'server';
  /** The run of the peer that was last seen. */
  readonly peerRunId: RunId | undefined;
  readonly serverId: ServerId | undefined;
  /** Client: the token that resumes it. */
  readonly token: Uint8Array | undefined;
  /** Server: hashes of the tokens that resume it, the confirmed one first. */
  readonly tokenHashes: readonly Uint8Array[];
  /** Server: who opened it. */
  readonly identity: string | undefined;
  /** Server: the newest attempt. */
  readonly attempt: { readonly boot: number; readonly counter: number } | undefined;
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
    };

/** Everything that a store holds of one session. */
export interface SessionContents {
  readonly session: SessionRecord;
  readonly sending: readonly SendingRecord[];
  readonly receiving: readonly ReceivingRecord[];
  /** Ascending by channel and seq. */
  readonly outgoing: readonly OutgoingRecord[];
  /** Ascending by channel and seq. */
  readonly incoming: readonly IncomingRecord[];
}
