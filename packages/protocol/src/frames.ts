import type { Attempt, ChannelNumber, MessageId, RunId, ServerId, SessionId } from './ids.ts';
import type { Position, Seq } from './position.ts';

/** What travels on the wire, already checked. PROTOCOL.md draws the bytes of each. */
export type Frame =
  | HelloFrame
  | WelcomeFrame
  | RefuseFrame
  | ReadyFrame
  | TypesFrame
  | CredentialsFrame
  | MessageFrame
  | AnswerFrame
  | FragmentFrame
  | VoidFrame
  | CancelFrame
  | AckFrame
  | ProbeFrame
  | ProbeAckFrame
  | PingFrame
  | StatusFrame
  | StatusAckFrame
  | CloseFrame
  | CloseAckFrame
  | NoticeFrame;

export type FrameKind = Frame['kind'];

/** What *received* is worth at a side: lost with the process, with power, or with the disk. */
export type Worth = 'memory' | 'lazy' | 'synced';

/** Why a session is new, where the client had one before. */
export type NewReason = 'first' | 'unknown' | 'clientStateLost' | 'serverStateLost' | 'ended';

/** One sending channel, as told at the opening. */
export interface ChannelOffer {
  readonly channel: ChannelNumber;
  /** The first seq that this run of the sender may assign. */
  readonly first: Seq;
  /** The highest *received* position that the peer ever reported to this sender. */
  readonly reported: Position;
}

/** Messages and bytes that may be transmitted and not settled. */
export interface Window {
  readonly messages: number;
  readonly bytes: number;
}

/** What each side tells of itself at the opening. */
export interface Announcement {
  /** How long this side waits for a byte, or for progress, before it ends the connection. */
  readonly waitMs: number;
  /** The longest that this side holds back an ACK. */
  readonly ackDelayMs: number;
  /** How long a handler of this side may run. */
  readonly handlerTimeoutMs: number;
  /** How long after that it may still answer. */
  readonly handlerGraceMs: number;
  /** How long this side keeps the session after a connection was lost. */
  readonly resumeWindowMs: number;
  /** The largest message that this side takes. */
  readonly maxMessageBytes: number;
  /** What *received* means at this side. */
  readonly worth: Worth;
  /** This side's transport keeps bytes whole from end to end: no checksum is needed. */
  readonly hasIntegrity: boolean;
  /** Bits of optional features: `FEATURES`. */
  readonly features: number;
}

/** First frame of a client. */
export interface HelloFrame {
  readonly kind: 'hello';
  readonly minVersion: number;
  readonly maxVersion: number;
  /** Names the start of this client's state. */
  readonly runId: RunId;
  readonly attempt: Attempt;
  /** The session to resume, or the one that is given up, with the token that proves it. */
  readonly session: { readonly id: SessionId; readonly token: Uint8Array } | undefined;
  /** Why `session` can not be resumed and a new one is wanted; `undefined` asks to resume. */
  readonly abandon: NewReason | undefined;
  /** The server that the session belongs to, as far as the client knows. */
  readonly expectedServer: ServerId | undefined;
  /** The client's sending channels. Empty for a new session. */
  readonly channels: readonly ChannelOffer[];
  readonly hasIntegrity: boolean;
  readonly worth: Worth;
  readonly features: number;
  readonly credentials: Uint8Array | undefined;
}

/** The server accepts: first frame of a server. */
export interface WelcomeFrame {
  readonly kind: 'welcome';
  readonly version: number;
  readonly serverId: ServerId;
  /** Names the start of this server's state. */
  readonly runId: RunId;
  readonly sessionId: SessionId;
  /** Resumes the session next time. */
  readonly token: Uint8Array;
  /** `undefined`: the session was resumed. Otherwise it is new, and this is why. */
  readonly newReason: NewReason | undefined;
  /** The session that this one follows. */
  readonly predecessor: SessionId | undefined;
  /** What the server knows of the predecessor: the last ACK of it. */
  readonly predecessorAck?: AckFrame | undefined;
  /** Up to where its handlers had come in it. */
  readonly predecessorStarted?: readonly StartedPosition[] | undefined;
  /** How long the client's credentials are valid; `undefined`: for ever. */
  readonly validForMs?: number | undefined;
  readonly channels: readonly ChannelOffer[];
  readonly announcement: Announcement;
  readonly ack: AckFrame;
}

/** The server does not accept; the connection ends. */
export interface RefuseFrame {
  readonly kind: 'refuse';
  readonly code: string;
  readonly reason: string;
  /** When to try again; `undefined`: never. */
  readonly retryAfterMs: number | undefined;
  /** Where to go instead; 1 to 8 addresses, such as `orders-2.example:7411`. */
  readonly elsewhere?: readonly string[] | undefined;
}

/** The client has stored the token; the session is open. */
export interface ReadyFrame {
  readonly kind: 'ready';
  readonly announcement: Announcement;
  readonly ack: AckFrame;
}

/** A number of this connection for a name. */
export interface NumberedName {
  readonly number: number;
  readonly name: string;
}

/** Numbers for the message types and channels that the sender is about to use. */
export interface TypesFrame {
  readonly kind: 'types';
  readonly types: readonly NumberedName[];
  readonly channels: readonly NumberedName[];
}

/** Fresh credentials for the running session. */
export interface CredentialsFrame {
  readonly kind: 'credentials';
  readonly credentials: Uint8Array;
}

/** Something that a later version or an application adds to a message. An odd tag is critical. */
export interface Extension {
  readonly tag: number;
  readonly value: Uint8Array;
}

/** A message, or the first part of a large one. */
export interface MessageFrame {
  readonly kind: 'message';
  readonly channel: ChannelNumber;
  readonly seq: Seq;
  /** The number of its type, from a TYPES frame of this connection. */
  readonly type: number;
  /** What is left of its time to live at this transmission. */
  readonly ttlMs: number | undefined;
  /** The id that the application gave, or that the message had in an earlier session. */
  readonly id: MessageId | undefined;
  /** An earlier copy, in another session, may have been handled. */
  readonly isResent: boolean;
  /** The receiver should acknowledge without delay. */
  readonly ackNow: boolean;
  /** The size of the whole message, where this frame holds only its first part. */
  readonly totalBytes: number | undefined;
  readonly extensions: readonly Extension[];
  readonly payload: Uint8Array;
}

/** How a message ended, as its answer says it. */
export type AnswerOutcome = 'reply' | 'replyLost' | 'rejected' | 'expired' | 'cancelled';

/** How a message ended, where that is more than plain *handled*. A message in channel 0. */
export interface AnswerFrame {
  readonly kind: 'answer';
  readonly seq: Seq;
  /** The channel and seq of the message that is answered. */
  readonly answeredChannel: ChannelNumber;
  readonly answeredSeq: Seq;
  /** The id of the message that is answered, for a sender that came back late. */
  readonly answeredId: MessageId | undefined;
  readonly outcome: AnswerOutcome;
  /** Of a rejection, an expiry or a cancellation: its code. Otherwise empty. */
  readonly code: string;
  /** Of a rejection: one sentence. Otherwise empty. */
  readonly reason: string;
  /** Of a rejection: whether a handler ran. */
  readonly hasRun: boolean;
  /** Of a rejection: whether repeating can help. */
  readonly isRetryable: boolean;
  readonly ackNow: boolean;
  readonly totalBytes: number | undefined;
  readonly extensions: readonly Extension[];
  /** Of a reply: its encoded value, or the first part of it. Otherwise empty. */
  readonly payload: Uint8Array;
}

/** A further part of a large message. */
export interface FragmentFrame {
  readonly kind: 'fragment';
  readonly channel: ChannelNumber;
  readonly seq: Seq;
  readonly offset: number;
  readonly payload: Uint8Array;
}

/** Why a seq has no message. */
export type VoidReason = 'cancelled' | 'expired' | 'moved' | 'failed';

/** Seqs that were assigned and carry no message: the positions pass over `[from, to)`. */
export interface VoidFrame {
  readonly kind: 'void';
  readonly channel: ChannelNumber;
  readonly from: Seq;
  readonly to: Position;
  readonly reason: VoidReason;
}

/** The sender asks to withdraw a message that the peer may hold. */
export interface CancelFrame {
  readonly kind: 'cancel';
  readonly channel: ChannelNumber;
  readonly seq: Seq;
}

/** What one side holds and has handled of one channel of the other. */
export interface ChannelAck {
  readonly channel: ChannelNumber;
  /** Held, in order, and as durable as this side's worth says. */
  readonly received: Position;
  /** Handled, in order, or settled by an answer that was acknowledged. */
  readonly handled: Position;
  /** Handled beyond that: `[from, to)` pairs, flat, ascending, at most 64 pairs. */
  readonly ranges: readonly number[];
  /** What may be transmitted and not settled in this channel. For channel 0: not received. */
  readonly window: Window;
  /** How far an unfinished large message has come, and to which offset it may go on. */
  readonly partial: PartialAck | undefined;
}

/** The state of an unfinished large message at its receiver. */
export interface PartialAck {
  readonly seq: Seq;
  /** All bytes below it are held. */
  readonly offset: number;
  /** The sender may send the bytes below it. */
  readonly granted: number;
}

/** What one side holds and has handled. Facts are monotone; what is left out is not denied. */
export interface AckFrame {
  readonly kind: 'ack';
  /** From 1, one more for each ACK of a connection. The windows of the highest number hold. */
  readonly number: number;
  /** How long the newest thing acknowledged had been here. Microseconds. */
  readonly delayUs: number;
  /** What may be transmitted and not settled in the whole session. */
  readonly window: Window;
  readonly channels: readonly ChannelAck[];
}

/** Asks for an answer at once. */
export interface ProbeFrame {
  readonly kind: 'probe';
  readonly nonce: number;
  /** How many frames its sender wrote to this connection before it, the opening left out. */
  readonly written: number;
}

/** Answers a PROBE. A full ACK goes ahead of it. */
export interface ProbeAckFrame {
  readonly kind: 'probeAck';
  readonly nonce: number;
  /** How many frames had come in before the probe, the opening left out. */
  readonly seen: number;
}

/** Says: I am here. Sent when nothing else is. */
export interface PingFrame {
  readonly kind: 'ping';
  /** How many frames its sender wrote to this connection before it, the opening left out. */
  readonly written: number;
}

/** Asks what became of a message, by its id. */
export interface StatusFrame {
  readonly kind: 'status';
  readonly query: number;
  readonly id: MessageId;
  /** How long ago it was sent, where the asking side knows. Milliseconds. */
  readonly ageMs?: number | undefined;
}

/** What a side knows of a message id. */
export type MessageStatus =
  | 'handled'
  | 'rejected'
  | 'expired'
  | 'cancelled'
  | 'pending'
  | 'neverSeen'
  | 'forgotten'
  | 'unsupported';

/** Answers a STATUS. */
export interface StatusAckFrame {
  readonly kind: 'statusAck';
  readonly query: number;
  readonly status: MessageStatus;
  readonly reason: string;
}

/** Says goodbye; nothing new follows. */
export interface CloseFrame {
  readonly kind: 'close';
  /** `end`: the session is over. `detach`: it can be resumed. */
  readonly mode: 'end' | 'detach';
  readonly code: string;
  readonly reason: string;
  /** When a client may come back; `undefined`: as it likes. */
  readonly retryAfterMs: number | undefined;
  /** Where a client may go instead; 1 to 8 addresses. */
  readonly elsewhere?: readonly string[] | undefined;
}

/** Where the handlers of one channel have come to. */
export interface StartedPosition {
  readonly channel: ChannelNumber;
  /** No handler took this seq or a later one, and none will. */
  readonly started: Position;
}

/** Answers a CLOSE. A full ACK goes ahead of it; nothing follows. */
export interface CloseAckFrame {
  readonly kind: 'closeAck';
  /** For a session that ends: what was never started is cancelled. */
  readonly channels: readonly StartedPosition[];
}

/** Something to know about the connection or the server. */
export interface NoticeFrame {
  readonly kind: 'notice';
  readonly notice: 'takenOver' | 'goingAway' | 'credentialsAccepted' | 'credentialsUndecided';
  /**
   * Of `goingAway`: when to come back. Of `credentialsAccepted`: how long they are valid;
   * `undefined` for ever. Of `credentialsUndecided`: when to show them again.
   */
  readonly afterMs: number | undefined;
  /** Of `goingAway`: where a client may go instead; 1 to 8 addresses. */
  readonly elsewhere?: readonly string[] | undefined;
}
