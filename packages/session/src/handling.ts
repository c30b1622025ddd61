import { LIMITS, type AnswerRecord, type ErrorCode, type IncomingRecord } from '@wilco/protocol';
import type { AckWriter } from './ack-writer.ts';
import type { SessionContext } from './context.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { IncomingMessage } from './incoming-message.ts';
import { incomingRecord } from './incoming-records.ts';
import { KnownIds } from './known-ids.ts';
import type { Outbox } from './outbox.ts';
import { NO_BYTES } from './outgoing-message.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import type { SessionWindow } from './session-window.ts';
import type { Delivery, HandlerResult } from './sink.ts';
import { endOf, PLAINLY, verdict, type Verdict } from './verdict.ts';

/**
 * Starts handlers in the order of the messages, as many side by side as their types
 * allow, and sees that each message ends: by its handler, by its time to live, at the
 * peer's wish, or by the timeout.
 */
export class Handling {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #acks: AckWriter;
  readonly #window: SessionWindow;
  /** What the ids of messages mean; `undefined` where they are names only. */
  readonly ids: KnownIds | undefined;
  /** Waiting messages with a time to live, and running handlers. */
  readonly #deadlines = new DeadlineHeap<IncomingMessage>();
  /** Finds a channel: set by the session. */
  channelOf: (number: number) => ReceiveChannel | undefined = () => undefined;
  /** All channels: set by the session. */
  allChannels: () => readonly ReceiveChannel[] = () => [];
  /** The session is over: messages are still handled, but there is nobody to tell. */
  isOrphaned = false;
  #isStopped = false;
  peerMaxMessageBytes: number = LIMITS.messageBytes;
  /** Messages whose handler has not finished. */
  pendingCount = 0;

  constructor(context: SessionContext, outbox: Outbox, acks: AckWriter, window: SessionWindow) {
    this.#context = context;
    this.#outbox = outbox;
    this.#acks = acks;
    this.#window = window;
    const { ids } = context.setting;
    this.ids = ids && new KnownIds(context, ids, (...of) => this.#resumed(...of));
  }

  /** Whether no handler is started any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  get nextDeadlineMs(): number {
    return this.#deadlines.earliestMs;
  }

  /** A new message was accepted; it is started later, by {@link pump}. */
  accepted(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    this.pendingCount += 1;
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
    while (!this.#isStopped) {
      const message = channel.waiting.first;
      if (message === undefined || message.seq >= channel.received) return;
      if (!this.#hasRoomForAnswers) return;
      if (this.#concludeUnstarted(channel, message, nowMs)) continue;
      const concurrency = this.#context.setting.concurrencyOf(message.type, channel.name);
      let most = concurrency;
      for (const one of channel.running) most = Math.min(most, one.concurrency);
      if (channel.running.length >= most) return;
      channel.waiting.shift();
      this.#start(channel, message, concurrency, nowMs);
    }
  }

  /** Takes the result of a handler. Returns `false` when it came too late. */
  finished(delivery: Delivery, result: HandlerResult, nowMs: number): boolean {
    const channel = this.channelOf(delivery.channel);
    if (!(delivery instanceof IncomingMessage)) return false;
    if (channel?.running.includes(delivery) !== true) return false;
    this.#endAs(channel, delivery, result, nowMs);
    this.pump(channel, nowMs);
    return !this.isOrphaned;
  }

  /** The peer wants a message back. */
  withdraw(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    if (message.state === 'running') this.#context.sink.abort(message, 'WILCO_CANCELLED');
    // Before a restart a handler took it: its end is the next one's word.
    if (message.state !== 'waiting' || message.attempt > 0) return;
    message.isWithdrawn = true;
    if (this.#concludeUnstarted(channel, message, nowMs)) this.pump(channel, nowMs);
  }

  /** The peer has the answer to a message: it counts as handled from now on. */
  answerArrived(answer: AnswerRecord, nowMs: number): void {
    const channel = this.channelOf(answer.channel);
    if (channel === undefined) return;
    this.#markDone(channel, answer.seq, nowMs);
    if (!this.#hasRoomForAnswers) return;
    for (const one of this.allChannels()) if (!one.isAnswers) this.pump(one, nowMs);
  }

  /** Ends what is due: expired messages, handlers without an end. */
  deadlineReached(nowMs: number): void {
    for (let due = this.#deadlines.takeDue(nowMs); due; due = this.#deadlines.takeDue(nowMs)) {
      const channel = this.channelOf(due.channel);
      if (channel === undefined) continue;
      if (due.state === 'attached') this.#keepWaiting(due, nowMs);
      else if (due.state === 'waiting') this.#concludeUnstarted(channel, due, nowMs);
      else this.#overrun(channel, due, nowMs);
      this.pump(channel, nowMs);
    }
  }

  /** No handler is started any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The session ends and the peer is told so: in a store nothing is left that a next run would start. */
  refuseWaiting(nowMs: number): void {
    if (this.#context.journal.isVolatile) return;
    for (const channel of this.allChannels()) {
      for (const message of [...channel.waiting]) {
        const said = verdict('cancelled', 'WILCO_SESSION_ENDED');
        if (message.attempt === 0) this.#conclude(channel, message, said, NO_BYTES, nowMs);
      }
    }
  }

  /** Tells the handlers that are running that the session is over. */
  abortRunning(code: ErrorCode): void {
    for (const channel of this.allChannels()) {
      for (const message of channel.running) this.#context.sink.abort(message, code);
    }
  }

  /** Puts back what the store held of a channel. */
  restore(channel: ReceiveChannel, records: readonly IncomingRecord[]): void {
    for (const record of records) {
      const message = restored(channel, record, this.#context);
      channel.waiting.push(message);
      this.pendingCount += 1;
      channel.heldMessages += 1;
      channel.heldBytes += message.cost;
      if (message.expiresAtMs !== Infinity) this.#deadlines.set(message, message.expiresAtMs);
    }
  }

  /** Whoever does not acknowledge answers gets no more of them, of whatever kind. */
  get #hasRoomForAnswers(): boolean {
    return this.#outbox.unacknowledged.bytes <= this.#context.options.answerBytes;
  }

  /** It waits for another message under its id no more: it has an end now, or is to be handled. */
  #resumed(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    this.#deadlines.remove(message);
    channel.detach(message);
    const hasEnded = this.#concludeUnstarted(channel, message, nowMs);
    if (!hasEnded && message.expiresAtMs !== Infinity) {
      this.#deadlines.set(message, message.expiresAtMs);
    }
    this.pump(channel, nowMs);
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
    if (ruling !== undefined && this.#hasRoomForAnswers) {
      this.#endAs(channel, message, ruling, nowMs);
      return true;
    }
    const said = endOf(message, nowMs);
    if (said === undefined || !this.#hasRoomForAnswers) return false;
    this.#conclude(channel, message, said, NO_BYTES, nowMs);
    return true;
  }

  #start(
    channel: ReceiveChannel,
    message: IncomingMessage,
    concurrency: number,
    nowMs: number,
  ): void {
    const { journal, options, setting, sink } = this.#context;
    message.state = 'running';
    message.attempt += 1;
    message.concurrency = concurrency;
    channel.running.push(message);
    this.#deadlines.set(message, nowMs + options.handlerTimeoutMs);
    // Of a session that is over nothing is kept: its records may be gone already.
    if (!journal.isVolatile && !this.isOrphaned) {
      journal.persist({ type: 'putIncoming', record: incomingRecord(setting, message) });
      sink.requestFlush();
    }
    sink.start(message);
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
    this.#conclude(channel, message, overrun, NO_BYTES, nowMs);
  }

  #endAs(
    channel: ReceiveChannel,
    message: IncomingMessage,
    result: HandlerResult,
    nowMs: number,
  ): void {
    if (result.outcome === 'handled') this.#finishPlainly(channel, message, nowMs);
    else this.#answer(channel, message, result, nowMs);
  }

  #answer(
    channel: ReceiveChannel,
    message: IncomingMessage,
    result: HandlerResult,
    nowMs: number,
  ): void {
    const outcome = result.outcome === 'handled' ? 'reply' : result.outcome;
    const payload = outcome === 'reply' ? (result.payload ?? NO_BYTES) : NO_BYTES;
    const isTooLarge = payload.byteLength > this.peerMaxMessageBytes;
    this.#conclude(
      channel,
      message,
      {
        outcome: isTooLarge ? 'replyLost' : outcome,
        code: result.code,
        reason: result.reason,
        hasRun: result.hasRun,
        isRetryable: result.isRetryable,
      },
      isTooLarge ? NO_BYTES : payload,
      nowMs,
    );
  }

  /** The message ends with an answer. */
  #conclude(
    channel: ReceiveChannel,
    message: IncomingMessage,
    said: Verdict,
    payload: Uint8Array,
    nowMs: number,
  ): void {
    this.#letGo(channel, message);
    this.ids?.concluded(message, { ...said, payload }, nowMs);
    if (this.isOrphaned) {
      this.#markDone(channel, message.seq, nowMs);
      return;
    }
    message.state = 'answered';
    this.#dropRecord(message);
    const isRejection = said.outcome === 'rejected';
    this.#outbox.answer(
      {
        channel: channel.number,
        seq: message.seq,
        id: message.id,
        outcome: said.outcome,
        code: said.outcome === 'reply' || said.outcome === 'replyLost' ? '' : said.code,
        reason: isRejection ? said.reason : '',
        hasRun: isRejection && said.hasRun,
        isRetryable: isRejection && said.isRetryable,
      },
      payload,
      nowMs,
    );
  }

  /** The message ends as handled, with nothing more to say. */
  #finishPlainly(channel: ReceiveChannel, message: IncomingMessage, nowMs: number): void {
    this.#letGo(channel, message);
    this.ids?.concluded(message, PLAINLY, nowMs);
    message.state = 'done';
    this.#dropRecord(message);
    this.#markDone(channel, message.seq, nowMs);
  }

  #letGo(channel: ReceiveChannel, message: IncomingMessage): void {
    this.#deadlines.remove(message);
    this.pendingCount -= 1;
    channel.letGo(message);
    this.#window.letGo(message.cost, message.reservedBytes);
    message.payload = NO_BYTES;
  }

  #dropRecord(message: IncomingMessage): void {
    const { journal, setting } = this.#context;
    if (journal.isVolatile) return;
    journal.persist({
      type: 'dropIncoming',
      session: setting.storeKey,
      channel: message.channel,
      seq: message.seq,
    });
  }

  #markDone(channel: ReceiveChannel, seq: number, nowMs: number): void {
    channel.finish(seq);
    channel.isRecordDirty = true;
    this.#context.journal.afterwards((thenMs) => {
      channel.handled.add(seq);
      channel.isDirty = true;
      this.#acks.changed(thenMs);
    }, nowMs);
    this.#context.sink.requestFlush();
  }
}

function restored(
  channel: ReceiveChannel,
  record: IncomingRecord,
  { setting }: SessionContext,
): IncomingMessage {
  const { expiresAtWallMs, payload } = record;
  // What a handler took, before the restart, expires no more.
  const isEndless = expiresAtWallMs === undefined || record.attempts > 0;
  const message = new IncomingMessage({
    channel: channel.number,
    channelName: channel.name,
    seq: record.seq,
    type: record.type,
    id: record.id,
    isResent: record.isResent,
    extensions: record.extensions,
    expiresAtMs: isEndless ? Infinity : expiresAtWallMs - setting.wallOffsetMs,
    acceptedAtMs: record.acceptedAtWallMs - setting.wallOffsetMs,
    cost: record.cost,
    attempts: record.attempts,
    payload,
  });
  // Of a large one the window counts the first part alone; it was put together beside it.
  if (payload.byteLength > record.cost) message.reservedBytes = payload.byteLength;
  return message;
}
