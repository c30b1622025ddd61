import {
  isErrorCode,
  WilcoError,
  type CloseFrame,
  type ErrorCode,
  type StartedPosition,
} from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { Conversation } from './conversation.ts';
import type { Surrendered } from './outbox.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { SendChannel } from './send-channel.ts';
import type { SessionParts } from './session-parts.ts';
import { cancelled, inDoubt } from './settlement.ts';

/** What a side says when it goes. */
export interface FarewellWords {
  /** `end`: the session is over. `detach`: this side goes, and the session can be resumed. */
  readonly mode: 'end' | 'detach';
  readonly code: ErrorCode;
  readonly reason: string;
  /** When the peer may come back; `undefined`: as it likes. */
  readonly retryAfterMs: number | undefined;
  /** Where the peer may go instead. */
  readonly elsewhere?: readonly string[] | undefined;
}

/** How far a goodbye has come: each side says CLOSE and answers the other's. */
export class Farewell {
  readonly words: FarewellWords;
  /** Whether this side began it. */
  readonly isLocal: boolean;
  /** When it is over whether the peer has answered or not. */
  readonly deadlineMs: number;
  #hasSentClose = false;
  #hasSentAck = false;
  /** What CLOSE_ACK says, once the peer has said CLOSE; and whether a restart will not belie it. */
  #startedHere: readonly StartedPosition[] = [];
  #hasReceivedClose = false;
  #isKept = false;
  /** From the peer's CLOSE_ACK: nothing at or above these positions was or will be handled. */
  started: readonly StartedPosition[] | undefined;

  constructor(words: FarewellWords, isLocal: boolean, deadlineMs: number) {
    this.words = words;
    this.isLocal = isLocal;
    this.deadlineMs = deadlineMs;
  }

  /** The answer to the peer's CLOSE, where this side had not begun itself. */
  static toPeer(frame: CloseFrame, deadlineMs: number): Farewell {
    const { reason, retryAfterMs } = frame;
    const code = codeOf(frame);
    return new Farewell({ mode: 'end', code, reason, retryAfterMs }, false, deadlineMs);
  }

  /** Whether answers may still go out: until this side has said CLOSE. */
  get mayAnswer(): boolean {
    return this.words.mode === 'end' && !this.#hasSentClose;
  }

  /** Says what is still to be said. Returns whether all is said, and the connection may end. */
  say(conversation: Conversation, nowMs: number): boolean {
    if (conversation.takeRepeatClose()) this.#hasSentClose = false;
    if (!this.#hasSentClose) {
      this.#hasSentClose = true;
      conversation.writeAck(true, nowMs);
      conversation.write({ kind: 'close', ...this.words }, nowMs);
    }
    if (this.words.mode === 'detach') return true;
    if (this.#isKept && !this.#hasSentAck) {
      this.#hasSentAck = true;
      conversation.writeAck(true, nowMs);
      conversation.write({ kind: 'closeAck', channels: this.#startedHere }, nowMs);
    }
    return this.#hasSentAck && this.started !== undefined;
  }

  /**
   * The peer said CLOSE, for the first time or again: it is to be answered, once a store keeps
   * what the answer says. No handler is started any more.
   */
  peerClosed({ context, inbox, handling }: SessionParts, nowMs: number): void {
    this.#hasSentAck = false;
    if (this.#hasReceivedClose) return;
    this.#hasReceivedClose = true;
    if (this.words.mode === 'detach') return;
    this.#startedHere = inbox.started();
    handling.refuseWaiting(nowMs);
    context.journal.afterwards(() => {
      this.#isKept = true;
      context.sink.requestFlush();
    }, nowMs);
  }

  /** Whether the peer said that it never started on this message. */
  wasNeverStarted(channel: number, seq: number): boolean {
    const position = this.started?.find((entry) => entry.channel === channel)?.started;
    // A channel that the peer does not name is one that it never heard of.
    return this.started !== undefined && (position === undefined || seq >= position);
  }
}

/** The peer let go of the connection, not of the session. */
export function peerLeft(frame: CloseFrame): WilcoError {
  return new WilcoError(codeOf(frame), `the peer left: ${frame.reason}`);
}

function codeOf({ code }: CloseFrame): ErrorCode {
  return isErrorCode(code) ? code : 'WILCO_SESSION_ENDED';
}

/** The unsettled messages of a session that is over, as far as they are in memory. */
export function unsettledOf(
  { outbox, context }: SessionParts,
  farewell: Farewell | undefined,
): Surrendered[] {
  return outbox.unsettled().map(({ channel, message }) => ({
    message,
    mayBeHandled: mayBeHandledAtEnd(context, farewell, channel, message),
  }));
}

/**
 * Whether a message may be handled though its session is over: what was written, unless the peer
 * said that it never started on it; and all that a broken store may hold.
 */
export function mayBeHandledAtEnd(
  { journal }: SessionContext,
  farewell: Farewell | undefined,
  channel: SendChannel,
  message: OutgoingMessage,
): boolean {
  if (message.isResent || journal.hasFailed) return true;
  if (!channel.mayBeHandled(message)) return false;
  return farewell?.wasNeverStarted(channel.number, message.seq) !== true;
}

/** Never written, or never started by the peer's word: cancelled. Otherwise nobody can know. */
export function settleRest(
  parts: SessionParts,
  farewell: Farewell | undefined,
  code: ErrorCode,
  reason: string,
): void {
  for (const { message, mayBeHandled } of unsettledOf(parts, farewell)) {
    parts.outbox.settle(message, mayBeHandled ? inDoubt(code, reason) : cancelled(code, reason));
  }
}
