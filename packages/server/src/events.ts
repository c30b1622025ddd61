import type { EndpointEvents } from '@wilco/endpoint';
import type { NewReason, SessionId, WilcoError } from '@wilco/protocol';
import type { PeerSession } from './peer-session.ts';

/** A session is over because a side lost its state, and another follows. */
export interface StateLost {
  /** The session that is over. */
  readonly session: PeerSession;
  /** The session that follows it. */
  readonly successor: PeerSession;
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

/** Somebody did what an honest client does not do. */
export interface SecurityEvent {
  /**
   * `WILCO_TOKEN_REPLAYED`: a resume token came that was replaced long ago.
   * `WILCO_AUTHENTICATION_FAILED`: the token of one identity came from another.
   */
  readonly code: 'WILCO_TOKEN_REPLAYED' | 'WILCO_AUTHENTICATION_FAILED';
  /** The session that was asked for. */
  readonly session: SessionId;
  /** Who asked, as `authenticate` said. */
  readonly identity: string | undefined;
  /** Where it came from. */
  readonly remote: string;
}

/** `authenticate` threw, or gave no answer in time: somebody is kept waiting. */
export interface AuthenticateFailure {
  readonly error: unknown;
  /** Where the client comes from. */
  readonly remote: string;
  /** The session that it wants; `undefined` for none. Not proven. */
  readonly session: SessionId | undefined;
}

/** What a server tells. */
export interface ServerEvents extends EndpointEvents {
  /** A new session is open. */
  readonly session: PeerSession;
  /** A session goes on, on a new connection. */
  readonly resumed: PeerSession;
  /** The connection of a session is gone; the session lives on. */
  readonly offline: { readonly session: PeerSession; readonly error: WilcoError };
  /** A session is over because a side lost its state. */
  readonly stateLost: StateLost;
  /** A session is over: at the wish of either side, at the end of its resume window, or given up. */
  readonly closed: { readonly session: PeerSession; readonly error: WilcoError };
  /** A client did what no honest client does. */
  readonly securityEvent: SecurityEvent;
  /** `authenticate` failed. The client was told to come back later. */
  readonly authenticateFailed: AuthenticateFailure;
}

/** Tells the application. */
export type Emit = <Name extends keyof ServerEvents>(name: Name, value: ServerEvents[Name]) => void;
