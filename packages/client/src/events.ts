import type { EndpointEvents, FullAddress } from '@wilco/endpoint';
import type { NewReason, SessionId, WilcoError } from '@wilco/protocol';

/** A session is over because a side lost its state, and another follows. */
export interface StateLost {
  /** The session that is over. */
  readonly session: SessionId;
  /** The session that follows it. */
  readonly successor: SessionId;
  readonly reason: NewReason;
  /** How many of this side's messages the peer, when the next session began, had handled already. */
  readonly handled: number;
  /** How many of this side's messages are sent again, marked `resent`. */
  readonly resent: number;
  /** How many of this side's messages are in doubt. */
  readonly inDoubt: number;
  /** How many of this side's messages moved on unmarked: they were certainly never handled. */
  readonly moved: number;
}

/** A try to connect that came to nothing. */
export interface ConnectFailure {
  /**
   * Why: nobody there (`WILCO_CONNECT_FAILED`), too slow (`WILCO_OPENING_TIMEOUT`), no
   * credentials (`WILCO_CREDENTIALS_FAILED`), refused for now (the server's code), or broken.
   */
  readonly error: WilcoError;
  /** Where it was made to. */
  readonly address: FullAddress;
  /** Counts the tries since the last connection that was open, from 1. */
  readonly attempt: number;
  /** When the next try is made, at this address or another. Milliseconds. */
  readonly retryInMs: number;
}

/** Fresh credentials that the server did not accept yet. */
export interface RenewalFailure {
  readonly error: WilcoError;
  /** When they are shown again; `undefined`: not before the next connection. Milliseconds. */
  readonly retryInMs: number | undefined;
}

/** What a client tells. */
export interface ClientEvents extends EndpointEvents {
  /** A connection is open. Messages flow. */
  readonly online: { readonly session: SessionId; readonly isResumed: boolean };
  /** The connection is gone; the client comes back by itself. */
  readonly offline: { readonly error: WilcoError };
  /** A try to connect failed; the client makes another by itself. */
  readonly connectFailed: ConnectFailure;
  /** Credentials could not be renewed in time, of which nobody waits for `renewCredentials()`. */
  readonly renewalFailed: RenewalFailure;
  /** The session goes on, on a new connection. Comes after `online`. */
  readonly resumed: { readonly session: SessionId };
  /** The session is over because a side lost its state, or nobody came back in time. */
  readonly stateLost: StateLost;
  /** The client is closed and does not come back: at the application's wish, or because of `error`. */
  readonly closed: { readonly error: WilcoError | undefined };
}
