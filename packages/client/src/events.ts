import type { EndpointEvents } from '@wilco/endpoint';
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
export interface ClientEvents extends EndpointEvents {
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
}
