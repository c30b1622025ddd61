import type {
  AnswerOutcome,
  ErrorCode,
  Extension,
  Frame,
  MessageId,
  NoticeFrame,
  Seq,
  StoreOperation,
  WilcoError,
} from '@wilco/protocol';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { PageRange } from './paged-part.ts';

/**
 * The orders of a session to its driver, in the order in which they are to be done.
 * The driver must not call the session from inside an order, except where it says so:
 * it keeps what happened for after the call.
 */
export interface SessionSink {
  /** Write this frame to the attached connection. Its payload may be read until the next flush. */
  transmit(frame: Frame): void;
  /** Destroy the attached connection. The session has already let go of it. */
  dropConnection(error: WilcoError): void;
  /** Both sides have said goodbye: send what was written, then end the connection. */
  finishConnection(): void;
  /** Call `flush` at the end of this turn: something is to be written that was not before. */
  requestFlush(): void;
  /**
   * Part of the next commit. It must not hold without what belongs to it: before a commit that
   * this session did not order takes it along, call `complete`.
   */
  persist(operation: StoreOperation): void;
  /** Commit what was persisted since the last one; then call `committed(number)`. */
  commit(number: number): void;
  /** Nobody waits for what was persisted since the last commit: it may go with a later one, of whichever session. */
  commitLater(): void;
  /** Read these records; then call `outgoingRead`, or `readFailed`. */
  readOutgoing(range: PageRange): void;
  /** The message is in the outbox, as durable as the store. */
  queued(message: OutgoingMessage): void;
  /** The peer's session layer holds the message. */
  received(message: OutgoingMessage): void;
  /** How the message ended. Called exactly once for each. */
  settled(message: OutgoingMessage, settlement: Settlement): void;
  /** Run the handler; then call `handlerFinished`. */
  start(delivery: Delivery): void;
  /** Abort the handler's signal; it may still finish. */
  abort(delivery: Delivery, code: ErrorCode): void;
  /** A message ends on which handlers were started, and none has finished it: part of the next commit. */
  deadLetter(letter: AbandonedMessage): void;
  /** Every message is settled, after at least one was not. */
  drained(): void;
  /** The peer says something that is not the session's to know. */
  noticed(notice: NoticeFrame): void;
  /** The peer sent fresh credentials. */
  credentials(credentials: Uint8Array): void;
  /** The session is over and will do nothing more, except that running handlers may finish. */
  ended(end: SessionEnd): void;
}

/** Why a session is over. */
export interface SessionEnd {
  readonly code: ErrorCode;
  readonly reason: string;
  /** Whether this side asked for it. */
  readonly isLocal: boolean;
  /** When the peer wants to see this side again; `undefined`: it did not say. */
  readonly retryAfterMs: number | undefined;
}

/** How a message ended, before the driver decodes the reply. */
export interface Settlement {
  readonly status: 'handled' | 'rejected' | 'expired' | 'cancelled' | 'inDoubt';
  /** Empty where handled. */
  readonly code: string;
  readonly reason: string;
  readonly hasRun: boolean;
  readonly isRetryable: boolean;
  readonly isReplyLost: boolean;
  /** The encoded reply; `undefined` where there is none. */
  readonly payload: Uint8Array | undefined;
}

/** A message of the peer for a handler of this side. */
export interface Delivery {
  readonly channel: number;
  readonly channelName: string;
  readonly seq: Seq;
  /** Name of its type. */
  readonly type: string;
  /** The id on the wire; `undefined` where it is derived from session, channel and seq. */
  readonly id: MessageId | undefined;
  /** An earlier copy, in another session, may have been handled. */
  readonly isResent: boolean;
  /** This side's store knows that a handler started on it before. */
  readonly isRedelivered: boolean;
  /** 1, or more where a handler was started on it before. */
  readonly attempt: number;
  /** When its time to live ends, on the driver's clock; `Infinity` for none. */
  readonly expiresAtMs: number;
  readonly extensions: readonly Extension[];
  readonly payload: Uint8Array;
}

/** A message that ended though handlers were started on it, and none has finished it. */
export interface AbandonedMessage {
  /** The message, without its payload by the time that this is read. */
  readonly delivery: Delivery;
  readonly payload: Uint8Array;
  /** Why no other handler is started. */
  readonly code: string;
  readonly reason: string;
}

/** What a handler made of a delivery. */
export type HandlerResult = HandlerEnd | HandlerDeferral;

/** It has finished. */
export interface HandlerEnd {
  readonly outcome: 'handled' | Exclude<AnswerOutcome, 'expired' | 'cancelled'>;
  /** Of a rejection. */
  readonly code: string;
  readonly reason: string;
  readonly hasRun: boolean;
  readonly isRetryable: boolean;
  /** Of a reply. */
  readonly payload: Uint8Array | undefined;
  /** Writes of the application that are to hold together with the mark that it was handled. */
  readonly effects?: readonly unknown[] | undefined;
}

/** It said "not now": another one is to be started later. */
export interface HandlerDeferral {
  readonly outcome: 'notNow';
  /** How much later, at the earliest. Milliseconds. */
  readonly delayMs: number;
}
