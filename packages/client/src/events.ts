import type {
  HandlerFailure,
  LateResult,
  ListenerFailure,
  UnobservedFailure,
} from '@wilco/endpoint';
import type { NewReason, SessionId, WilcoError } from '@wilco/protocol';

/** A session is over because a side lost its state, and another follows. */
export interface StateLost {
  /** The session that is over. */
  readonly session: SessionId;
  /** The session that follows it. */
  readonly successor: SessionId;
  readonly reason: NewReason;
  /** How many of this side's messages are sent again, marked `resent`. */
  readonly resent: number;
  /** How many of this side's messages are in doubt. */
  readonly inDoubt: number;
  /** How many of this side's messages moved on unmarked: they were certainly never handled. */
  readonly moved: number;
}

/** What a client tells. */
export interface ClientEvents {
  /** A connection is open. Messages flow. */
  readonly online: { readonly session: SessionId; readonly isResumed: boolean };
  /** The connection is gone; the client comes back by itself. */
  readonly offline: { readonly error: WilcoError };
  /** The session goes on, on a new connection. Comes after `online`. */
  readonly resumed: { readonly session: SessionId };
  /** The session is over because a side lost its state, or nobody came back in time. */
  readonly stateLost: StateLost;
  /** The client is closed and does not come back: at the application's wish, or because of `error`. */
  readonly closed: { readonly error: WilcoError | undefined };
  /** A message was not handled, and nobody had asked for its receipt. */
  readonly failureUnobserved: UnobservedFailure;
  /** A handler finished after its message had ended without it. */
  readonly lateResult: LateResult;
  /** A handler threw something else than a `Rejection`. */
  readonly handlerFailed: HandlerFailure;
  /** A listener of this client threw. Nothing else is harmed by it. */
  readonly listenerFailed: ListenerFailure;
}
