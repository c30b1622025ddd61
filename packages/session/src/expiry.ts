import { DeadlineHeap } from './deadline-heap.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { SendChannel } from './send-channel.ts';
import { cancelled, expired, inDoubt } from './settlement.ts';

/**
 * Ends the messages of the outbox that are too old. What was never written expires by
 * this side's word alone; of what may have been, the peer is asked first, and without its
 * word within the grace nobody can know.
 */
export class Expiry {
  readonly #options: ResolvedSessionOptions;
  readonly #outbox: Outbox;
  /** Messages with a time to live, and those of which the peer was asked. */
  readonly #deadlines = new DeadlineHeap<OutgoingMessage>();
  /** When the oldest message without a time to live may be too old; `Infinity` for none. */
  #retentionDueMs = Infinity;
  /** How long a handler of the peer may take, and its word; known once connected. Milliseconds. */
  peerHandlingMs = 0;

  constructor(options: ResolvedSessionOptions, outbox: Outbox) {
    this.#options = options;
    this.#outbox = outbox;
  }

  /** The earliest time at which {@link deadlineReached} has something to do; may be early. */
  get nextDeadlineMs(): number {
    const { pager } = this.#outbox;
    return Math.min(this.#deadlines.earliestMs, this.#retentionDueMs, pager.nextDeadlineMs);
  }

  /** A message is in the outbox. */
  watch(message: OutgoingMessage, nowMs: number): void {
    if (message.expiresAtMs !== Infinity) {
      this.#deadlines.set(message, message.expiresAtMs);
      return;
    }
    const dueMs = Math.max(message.queuedAtMs + this.#options.retentionMs, nowMs);
    this.#retentionDueMs = Math.min(this.#retentionDueMs, dueMs);
  }

  /** A message is in the outbox no longer. */
  forget(message: OutgoingMessage): void {
    this.#deadlines.remove(message);
  }

  /** Ends what is due. */
  deadlineReached(nowMs: number): void {
    for (let due = this.#deadlines.takeDue(nowMs); due; due = this.#deadlines.takeDue(nowMs)) {
      this.#end(due, nowMs);
    }
    if (this.#retentionDueMs <= nowMs) this.#endOld(nowMs);
    this.#outbox.pager.deadlineReached(nowMs);
  }

  #end(message: OutgoingMessage, nowMs: number): void {
    const channel = this.#outbox.channelOf(message);
    if (!channel.mayBeHandled(message)) {
      this.#endUnwritten(message);
      return;
    }
    if (message.isExpiring) {
      if (message.state === 'received' && !message.isHandlingAwaited) {
        this.#deadlines.set(message, nowMs + this.#handlingMs(message));
        return;
      }
      const reason = 'its time passed, and the peer did not say what became of it';
      this.#outbox.void(message, 'expired', inDoubt(codeOf(message), reason));
      return;
    }
    message.isExpiring = true;
    this.#deadlines.set(message, nowMs + this.#options.settleGraceMs + this.#handlingMs(message));
    this.#outbox.cancel(message);
  }

  /**
   * When a message that is on disk only is too old. One of an earlier run may have been
   * written: nobody is asked about it before it is in memory again, and it has its grace.
   */
  pagedDueMs(channel: SendChannel, message: OutgoingMessage): number {
    const { retentionMs, settleGraceMs } = this.#options;
    const { queuedAtMs, expiresAtMs } = message;
    const dueMs = expiresAtMs === Infinity ? queuedAtMs + retentionMs : expiresAtMs;
    return channel.mayBeHandled(message) ? dueMs + settleGraceMs : dueMs;
  }

  /** Ends a message that is on disk only. */
  endPaged(channel: SendChannel, message: OutgoingMessage): void {
    if (!channel.mayBeHandled(message)) {
      this.#endUnwritten(message);
      return;
    }
    const reason = 'its time passed, and it may have been written by an earlier run';
    this.#outbox.void(message, 'expired', inDoubt(codeOf(message), reason));
  }

  #endUnwritten(message: OutgoingMessage): void {
    const code = codeOf(message);
    const reason = 'its time passed before it was written';
    if (code === 'WILCO_EXPIRED') this.#outbox.void(message, 'expired', expired(code, reason));
    else this.#outbox.void(message, 'cancelled', cancelled(code, reason));
  }

  /** A handler of the peer may have taken what was received, in time. */
  #handlingMs(message: OutgoingMessage): number {
    if (message.state !== 'received') return 0;
    message.isHandlingAwaited = true;
    return this.peerHandlingMs;
  }

  /** Looks at all messages, once each time that the oldest comes of age. */
  #endOld(nowMs: number): void {
    this.#retentionDueMs = Infinity;
    for (const channel of this.#outbox.channels) {
      if (channel.isAnswers) continue;
      for (const message of channel.inMemory()) this.#endIfOld(message, nowMs);
    }
  }

  #endIfOld(message: OutgoingMessage, nowMs: number): void {
    if (message.state === 'settled' || message.isExpiring) return;
    if (message.expiresAtMs !== Infinity) return;
    const dueMs = message.queuedAtMs + this.#options.retentionMs;
    if (dueMs <= nowMs) this.#end(message, nowMs);
    else this.#retentionDueMs = Math.min(this.#retentionDueMs, dueMs);
  }
}

/** What ran out: its own time to live, or that of whatever has none. */
export function codeOf(message: OutgoingMessage): 'WILCO_EXPIRED' | 'WILCO_RETENTION_OVER' {
  return message.expiresAtMs === Infinity ? 'WILCO_RETENTION_OVER' : 'WILCO_EXPIRED';
}
