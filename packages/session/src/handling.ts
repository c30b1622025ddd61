import type { AnswerRecord, ErrorCode, IncomingRecord } from '@wilco/protocol';
import type { AckWriter } from './ack-writer.ts';
import type { SessionContext } from './context.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { Endings } from './endings.ts';
import { IncomingMessage } from './incoming-message.ts';
import { incomingRecord, restoredMessage } from './incoming-records.ts';
import { KnownIds } from './known-ids.ts';
import type { Outbox } from './outbox.ts';
import { NO_BYTES } from './outgoing-message.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import type { SessionWindow } from './session-window.ts';
import type { Delivery, HandlerResult } from './sink.ts';
import { StartMarks } from './start-marks.ts';
import { deferralEndsMs, endOf, verdict } from './verdict.ts';

/** The channels that messages come through. */
interface ChannelTable {
  channel(number: number): ReceiveChannel | undefined;
  readonly channels: readonly ReceiveChannel[];
}

/**
 * Starts handlers in the order of the messages, as many side by side as their types
 * allow, and sees that each message ends: by its handler, by its time to live, at the
 * peer's wish, or by the timeout.
 */
export class Handling {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #endings: Endings;
  /** What the ids of messages mean; `undefined` where they are names only. */
  readonly ids: KnownIds | undefined;
  /** Waiting messages with a time to live, and running handlers. */
  readonly #deadlines = new DeadlineHeap<IncomingMessage>();
  /** What the store knows of starts. */
  readonly marks: StartMarks;
  /** All channels: set by the session. */
  inbox: ChannelTable | undefined;
  #isStopped = false;
  /** Its records are for the next run, as they are. */
  #isLeft = false;
  /** Until when messages that the store held wait for the first comparison with the peer. */
  heldUntilMs = -Infinity;

  constructor(context: SessionContext, outbox: Outbox, acks: AckWriter, window: SessionWindow) {
    this.#context = context;
    this.#outbox = outbox;
    const { ids } = context.setting;
    this.ids = ids && new KnownIds(context, ids, this);
    this.marks = new StartMarks(context, this);
    const parts = {
      acks,
      deadlines: this.#deadlines,
      ids: this.ids,
      marks: this.marks,
      outbox,
      window,
    };
    this.#endings = new Endings(context, parts);
  }

  /** Messages whose handler has not finished. */
  get pendingCount(): number {
    return this.#endings.pendingCount;
  }

  /** The largest reply that the peer takes. */
  set peerMaxMessageBytes(bytes: number) {
    this.#endings.peerMaxMessageBytes = bytes;
  }

  /** Whether the peer has not said yet that what the store held is as it was left: any of it may have been handled. */
  get isHeld(): boolean {
    return this.heldUntilMs !== -Infinity;
  }

  /** Whether no handler is started any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whoever does not acknowledge answers gets no more of them, of whatever kind. */
  get hasRoomForAnswers(): boolean {
    return this.#outbox.unacknowledged.bytes <= this.#context.options.answerBytes;
  }

  get nextDeadlineMs(): number {
    return this.isHeld ? this.heldUntilMs : this.#deadlines.earliestMs;
  }

  /** A new message was accepted; it is started later, by {@link pump}. */
  accepted(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    this.#endings.pendingCount += 1;
    if (channel.takeCancelled(message.seq)) message.isWithdrawn = true;
    if (message.id !== undefined && this.ids?.accepted(channel, message, nowMs) === true) {
      this.#keepWaiting(message, nowMs);
      return;
    }
    if (this.#concludeUnstarted(channel, message, nowMs)) return;
    if (message.expiresAtMs !== Infinity) this.#deadlines.set(message, message.expiresAtMs);
  }

  /**
   * Starts whatever may start in a channel, in order: the next one when fewer run than its own
   * *n* and than that of each running one. Its *n* is what its type allows, and its channel.
   */
  pump(channel: ReceiveChannel, nowMs: number): void {
    const { setting } = this.#context;
    while (!this.#isStopped && !this.isHeld) {
      const message = channel.waiting.first;
      if (message === undefined || message.seq >= channel.received) return;
      if (!this.hasRoomForAnswers) {
        // Whoever waits for its peer lets others go first.
        this.marks.leave(message);
        return;
      }
      if (this.#concludeUnstarted(channel, message, nowMs)) continue;
      if (message.notBeforeMs > nowMs) {
        if (setting.keepsPlace(message.type)) return;
        channel.putAside(message);
        continue;
      }
      const concurrency = setting.concurrencyOf(message.type, channel.name);
      let most = concurrency;
      for (const one of channel.running) most = Math.min(most, one.concurrency);
      if (channel.running.length >= most) return;
      if (!this.#endings.isOrphaned && !this.marks.allow(channel, message)) return;
      channel.waiting.shift();
      this.#start(channel, message, concurrency, nowMs);
    }
  }

  /** Takes the result of a handler. Returns `false` when it came too late. */
  finished(delivery: Delivery, result: HandlerResult, nowMs: number): boolean {
    const channel = this.inbox?.channel(delivery.channel);
    if (!(delivery instanceof IncomingMessage)) return false;
    if (channel?.running.includes(delivery) !== true || this.#isLeft) return false;
    const isKept = result.outcome === 'notNow' || this.#endings.isKept(delivery);
    if (result.outcome === 'notNow') this.#defer(channel, delivery, result.delayMs, nowMs);
    else this.#endings.endAs(channel, delivery, result, nowMs);
    this.pump(channel, nowMs);
    return isKept;
  }

  /** The peer wants a message back. */
  withdraw(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    message.isWithdrawn = true;
    if (message.state === 'running') this.#context.sink.abort(message, 'WILCO_CANCELLED');
    // The end of the other message under its id is its own, too.
    if (message.state === 'running' || message.state === 'attached') return;
    if (this.#concludeUnstarted(channel, message, nowMs)) this.pump(channel, nowMs);
  }

  /** The peer has the answer to a message: it counts as handled from now on. */
  answerArrived(answer: AnswerRecord, nowMs: number): void {
    const channel = this.inbox?.channel(answer.channel);
    if (channel === undefined) return;
    this.#endings.markDone(channel, answer.seq, nowMs);
    if (this.hasRoomForAnswers) this.#pumpAll(nowMs);
  }

  /** It waits for another message under its id no more: it has an end now, or is to be handled. */
  resumed(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    this.#deadlines.remove(message);
    channel.detach(message);
    const hasEnded = this.#concludeUnstarted(channel, message, nowMs);
    if (!hasEnded && message.expiresAtMs !== Infinity) {
      this.#deadlines.set(message, message.expiresAtMs);
    }
    this.pump(channel, nowMs);
  }

  /** Ends what is due: expired messages, handlers without an end. */
  deadlineReached(nowMs: number): void {
    if (this.isHeld && this.heldUntilMs <= nowMs) this.#release(nowMs, false);
    if (this.isHeld) return;
    for (let due = this.#deadlines.takeDue(nowMs); due; due = this.#deadlines.takeDue(nowMs)) {
      const channel = this.inbox?.channel(due.channel);
      if (channel === undefined) continue;
      if (due.state === 'attached') this.#keepWaiting(due, nowMs);
      else if (due.state !== 'running') this.#waitedEnough(channel, due, nowMs);
      else this.#overrun(channel, due, nowMs);
      this.pump(channel, nowMs);
    }
  }

  /** No handler is started any more. */
  stop(): void {
    this.#isStopped = true;
    for (const channel of this.#channels) {
      for (const message of channel.waiting) this.marks.leave(message);
    }
  }

  /**
   * The session is over: messages are still handled, but there is nobody to tell. Or its records
   * are kept for the next run, which is told how far this one has come.
   */
  retire(isKept: boolean): void {
    if (isKept) this.marks.close(this.#channels);
    this.#isLeft = isKept;
    this.#endings.isOrphaned = true;
    for (const channel of this.#channels) {
      for (const message of [...channel.waiting, ...channel.running]) this.marks.leave(message);
    }
  }

  /** The two sides' memories were compared, and agree: what the store held is as it was left. */
  compared(nowMs: number): void {
    if (this.isHeld) this.#release(nowMs, true);
  }

  /** The end of a turn: whoever had to wait for suspects of other sessions goes on. */
  turnEnds(nowMs: number): void {
    if (this.marks.takeAdmitted()) this.#pumpAll(nowMs);
  }

  /** The session ends and the peer is told so: in a store nothing is left that a next run would start. */
  refuseWaiting(nowMs: number): void {
    if (this.#context.journal.isVolatile) return;
    for (const channel of this.#channels) {
      for (const message of [...channel.waiting]) {
        const said = verdict('cancelled', 'WILCO_SESSION_ENDED');
        if (message.attempt === 0) this.#endings.conclude(channel, message, said, NO_BYTES, nowMs);
      }
    }
  }

  /** Tells the handlers that are running that the session is over. */
  abortRunning(code: ErrorCode): void {
    for (const channel of this.#channels) {
      for (const message of channel.running) this.#context.sink.abort(message, code);
    }
  }

  /** Puts back what the store held of a channel. It waits for a comparison with the peer. */
  restore(channel: ReceiveChannel, records: readonly IncomingRecord[], nowMs: number): void {
    const { options, setting } = this.#context;
    for (const record of records) {
      const message = restoredMessage(setting, channel, record);
      channel.waiting.push(message);
      this.#endings.pendingCount += 1;
      channel.heldMessages += 1;
      channel.heldBytes += message.cost;
      this.heldUntilMs = nowMs + options.restoredWaitMs;
      this.#setWaitingDeadline(message, nowMs);
    }
  }

  /**
   * What the store held may be handled. Where the peer has not said that it agrees, the store may
   * have been set back, and any of it may have been handled since.
   */
  #release(nowMs: number, isCompared: boolean): void {
    this.heldUntilMs = -Infinity;
    if (!isCompared) {
      for (const channel of this.#channels) {
        for (const message of channel.waiting) message.attempt ||= 1;
        channel.startedTo = channel.accepted;
      }
    }
    this.#pumpAll(nowMs);
  }

  get #channels(): readonly ReceiveChannel[] {
    return this.inbox?.channels ?? [];
  }

  #pumpAll(nowMs: number): void {
    for (const channel of this.#channels) if (!channel.isAnswers) this.pump(channel, nowMs);
  }

  /** Waits for another message under its id, but not for a handler that was left behind and hangs. */
  #keepWaiting(message: IncomingMessage, nowMs: number): void {
    const { handlerTimeoutMs, handlerGraceMs } = this.#context.options;
    this.ids?.giveUpLeft(message, nowMs);
    if (message.state === 'attached') {
      this.#deadlines.set(message, nowMs + handlerTimeoutMs + handlerGraceMs);
    }
  }

  /**
   * Ends a message that no handler may take any more, as soon as there is room for its
   * answer: without it the message waits, and takes its place in the window.
   */
  #concludeUnstarted(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): boolean {
    const { ruling } = message;
    if (ruling !== undefined && this.hasRoomForAnswers) {
      this.#endings.endAs(channel, message, ruling, nowMs);
      return true;
    }
    const said = endOf(message, this.#context.options, nowMs);
    if (said === undefined || !this.hasRoomForAnswers) return false;
    this.#endings.conclude(channel, message, said, NO_BYTES, nowMs);
    return true;
  }

  /** Its time to live is over, or it is to be tried again. */
  #waitedEnough(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    if (this.#concludeUnstarted(channel, message, nowMs)) return;
    if (message.state === 'aside') channel.takeBack(message);
    // Whose time is over has none any more: it waits for room for its answer.
    if (this.#endsMs(message) > nowMs) this.#setWaitingDeadline(message, nowMs);
  }

  #setWaitingDeadline(message: IncomingMessage, nowMs: number): void {
    const { notBeforeMs } = message;
    const endsMs = this.#endsMs(message);
    const dueMs = notBeforeMs > nowMs ? Math.min(notBeforeMs, endsMs) : endsMs;
    if (dueMs !== Infinity) this.#deadlines.set(message, dueMs);
  }

  /** When a message that waits ends, whatever those before it do. */
  #endsMs(message: IncomingMessage): number {
    if (message.isDeferred) return deferralEndsMs(message, this.#context.options);
    return message.attempt > 0 ? Infinity : message.expiresAtMs;
  }

  #start(
    channel: ReceiveChannel,
    message: IncomingMessage,
    concurrency: number,
    nowMs: number,
  ): void {
    const { options, sink } = this.#context;
    message.state = 'running';
    message.attempt += 1;
    message.notBeforeMs = -Infinity;
    message.startedAtMs = nowMs;
    message.concurrency = concurrency;
    channel.starts += 1;
    channel.startedTo = Math.max(channel.startedTo, message.seq + 1);
    channel.run(message);
    this.#deadlines.set(message, nowMs + options.handlerTimeoutMs);
    sink.start(message);
  }

  /** "Not now": it waits for another attempt, unless this was its last. */
  #defer(channel: ReceiveChannel, message: IncomingMessage, delayMs: number, nowMs: number): void {
    const { journal, setting } = this.#context;
    this.marks.leave(message);
    message.isSuspect = message.isAborted = false;
    message.mark = 'none';
    message.notBeforeMs = nowMs + delayMs;
    if (this.#concludeUnstarted(channel, message, nowMs)) return;
    channel.defer(message);
    this.#setWaitingDeadline(message, nowMs);
    if (journal.isVolatile || this.#endings.isOrphaned) return;
    journal.persist({ type: 'putIncoming', record: incomingRecord(setting, message) });
    this.#context.sink.requestFlush();
  }

  #overrun(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    const { options, sink } = this.#context;
    if (!message.isAborted) {
      message.isAborted = true;
      sink.abort(message, 'WILCO_HANDLER_TIMEOUT');
      this.#deadlines.set(message, nowMs + options.handlerGraceMs);
      return;
    }
    const reason = `the handler did not finish within ${String(options.handlerTimeoutMs)} ms and its grace`;
    const overrun = {
      ...verdict('rejected', 'WILCO_HANDLER_TIMEOUT', reason),
      hasRun: true,
      isRetryable: true,
    };
    this.#endings.conclude(channel, message, overrun, NO_BYTES, nowMs);
  }
}
