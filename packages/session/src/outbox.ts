import {
  ANSWER_CHANNEL,
  ANSWER_CHANNEL_NAME,
  checkName,
  DEFAULT_CHANNEL,
  DEFAULT_CHANNEL_NAME,
  derivedMessageId,
  LIMITS,
  WilcoError,
  type AnswerRecord,
  type ChannelNumber,
  type ErrorCode,
  type SessionContents,
} from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { NO_BYTES, OutgoingMessage, type SubmitRequest } from './outgoing-message.ts';
import { sendingRecord, outgoingRecord } from './outgoing-records.ts';
import { SendChannel } from './send-channel.ts';
import { cancelled, expired, inDoubt } from './settlement.ts';
import type { Settlement } from './sink.ts';

/** A message of a session that is over, for the next session. */
export interface Surrendered {
  readonly message: OutgoingMessage;
  /** It may have been written whole, so the peer may have handled it. */
  readonly mayBeHandled: boolean;
}

/**
 * What this side wants to get to the peer: admits messages, numbers them, and settles
 * each exactly once. Writing them is the transmitter's, believing the peer the ack
 * reader's part.
 */
export class Outbox {
  readonly #context: SessionContext;
  readonly #byName = new Map<string, SendChannel>();
  readonly #byNumber: SendChannel[] = [];
  readonly #typeNames = new Set<string>();
  readonly #dirty = new Set<SendChannel>();
  /** Messages with a time to live. */
  readonly #deadlines = new DeadlineHeap<OutgoingMessage>();
  /** When the oldest message without one may be too old; `Infinity` for none. */
  #retentionDueMs = Infinity;
  /** Messages that the peer may hold and that are wanted back. */
  readonly cancelRequests = new Set<OutgoingMessage>();
  /** Those of them that this connection has not carried yet. */
  newCancels: OutgoingMessage[] = [];
  /** Whether new messages are taken. */
  isAccepting = true;
  unsettledCount = 0;
  unsettledBytes = 0;
  /** Payload bytes of answers that the peer has not acknowledged. */
  answerBytes = 0;
  unacknowledgedAnswers = 0;
  /** Messages and bytes that take a place in the window of the session. */
  inFlightMessages = 0;
  inFlightBytes = 0;
  /** How long a handler of the peer may take; known once connected. */
  peerHandlingMs = 0;

  constructor(context: SessionContext, nowMs: number, contents?: SessionContents) {
    this.#context = context;
    if (contents !== undefined) this.#restore(contents, nowMs);
    this.#channel(ANSWER_CHANNEL_NAME, ANSWER_CHANNEL);
    this.#channel(DEFAULT_CHANNEL_NAME, DEFAULT_CHANNEL);
  }

  get channels(): readonly SendChannel[] {
    return this.#byNumber;
  }

  get answers(): SendChannel {
    return this.#byNumber[ANSWER_CHANNEL] as SendChannel;
  }

  channel(number: ChannelNumber): SendChannel | undefined {
    return this.#byNumber[number];
  }

  /** The earliest time at which {@link expire} has something to do; may be early. */
  get nextDeadlineMs(): number {
    return Math.min(this.#deadlines.earliestMs, this.#retentionDueMs);
  }

  /**
   * Takes a message: checks, then numbers it, then has it kept.
   *
   * @throws {@link WilcoError} before a seq is taken: `WILCO_CLOSED`, `WILCO_OPTION_INVALID`,
   *   `WILCO_PAYLOAD_TOO_LARGE`, `WILCO_OUTBOX_FULL`.
   */
  submit(request: SubmitRequest, nowMs: number): OutgoingMessage {
    const channel = this.#admit(request);
    const { id: session, setting } = this.#context;
    const message = new OutgoingMessage({
      type: request.type,
      channelName: request.channel,
      receipt: request.receipt,
      id:
        request.id ??
        derivedMessageId(session ?? setting.storeKey, setting.role, channel.name, channel.next),
      isIdExplicit: request.id !== undefined || session === undefined,
      payload: request.payload,
      isResent: false,
      queuedAtMs: nowMs,
      expiresAtMs: request.ttlMs === undefined ? Infinity : nowMs + request.ttlMs,
      answer: undefined,
    });
    this.#take(message, channel, nowMs);
    return message;
  }

  /** Takes over a message of a session that is over: a new seq, the old id. Never refuses. */
  resubmit(message: OutgoingMessage, isResent: boolean, nowMs: number): void {
    message.state = 'queued';
    message.isResent ||= isResent;
    message.isIdExplicit = true;
    message.isInFlight = false;
    message.isExpiring = false;
    this.#typeNames.add(message.type);
    this.#take(message, this.#channel(message.channelName), nowMs);
    if (message.isCancelRequested) {
      message.isCancelRequested = false;
      this.cancel(message);
    }
  }

  /** Keeps an answer until the peer has it. */
  answer(record: AnswerRecord, payload: Uint8Array, nowMs: number): void {
    const message = new OutgoingMessage({
      type: '',
      channelName: ANSWER_CHANNEL_NAME,
      receipt: undefined,
      id: '',
      isIdExplicit: false,
      payload,
      isResent: false,
      queuedAtMs: nowMs,
      expiresAtMs: Infinity,
      answer: record,
    });
    this.answerBytes += payload.byteLength;
    this.unacknowledgedAnswers += 1;
    this.#assign(message, this.answers, nowMs);
  }

  /** Withdraws a message: at once where it was never written whole, else by asking the peer. */
  cancel(message: OutgoingMessage): void {
    if (message.state === 'settled') return;
    const channel = this.#channelOf(message);
    if (!channel.mayBeHandled(message)) {
      this.void(message, 'cancelled', cancelled('WILCO_CANCELLED', 'withdrawn before it was written'));
      return;
    }
    if (message.isCancelRequested) return;
    message.isCancelRequested = true;
    this.cancelRequests.add(message);
    this.newCancels.push(message);
    this.#context.sink.requestFlush();
  }

  /** Settles a message whose seq was assigned and that will not be written (again): the wire says VOID. */
  void(
    message: OutgoingMessage,
    reason: NonNullable<OutgoingMessage['voidReason']>,
    settlement: Settlement,
  ): void {
    const channel = this.#channelOf(message);
    if (message.seq >= channel.received) {
      message.voidReason = reason;
      if (message.seq === channel.cursor) channel.partOffset = channel.confirmedOffset = 0;
    }
    this.settle(message, settlement);
    this.#context.sink.requestFlush();
  }

  /** The one place where a message of the application ends. */
  settle(message: OutgoingMessage, settlement: Settlement): void {
    if (message.state === 'settled') return;
    const channel = this.#channelOf(message);
    const bytes = message.payload.byteLength;
    message.state = 'settled';
    message.payload = NO_BYTES;
    this.#deadlines.remove(message);
    this.cancelRequests.delete(message);
    this.#vacate(channel, message);
    this.unsettledCount -= 1;
    this.unsettledBytes -= bytes;
    if (message.seq < channel.received) this.#forget(channel, message);
    else this.#keepVoid(channel, message);
    this.#context.sink.settled(message, settlement);
    if (this.unsettledCount === 0) this.#context.sink.drained();
  }

  /** The peer holds everything below `position` of a channel. */
  receivedUpTo(channel: SendChannel, position: number, nowMs: number): void {
    for (let seq = channel.received; seq < position; seq++) {
      const message = channel.ring.get(seq);
      channel.received = seq + 1;
      if (message === undefined) continue;
      if (message.answer !== undefined) this.#answerArrived(channel, message, nowMs);
      else if (message.state === 'settled') this.#forget(channel, message);
      else {
        message.state = 'received';
        this.#context.sink.received(message);
      }
    }
    this.#dirty.add(channel);
  }

  /** Ends what is due: alone what was never written, by asking the peer what may have been. */
  expire(nowMs: number): void {
    for (let due = this.#deadlines.takeDue(nowMs); due; due = this.#deadlines.takeDue(nowMs)) {
      this.#expireOne(due, 'WILCO_EXPIRED', nowMs);
    }
    if (this.#retentionDueMs <= nowMs) this.#expireOld(nowMs);
  }

  /** How much of the messages' records is new since the last commit. */
  beforeCommit(): void {
    const { journal, setting } = this.#context;
    if (journal.isVolatile || !journal.isDirty) return;
    for (const channel of this.#dirty) {
      journal.persist({ type: 'putSending', record: sendingRecord(setting.storeKey, channel) });
    }
    this.#dirty.clear();
  }

  /** Counts anew what takes a place in the windows: credit is derived, never remembered. */
  recount(): void {
    this.inFlightMessages = 0;
    this.inFlightBytes = 0;
    for (const channel of this.#byNumber) {
      channel.inFlightMessages = 0;
      channel.inFlightBytes = 0;
      for (let seq = channel.ring.base; seq < channel.written; seq++) {
        const message = channel.ring.get(seq);
        if (message === undefined) continue;
        message.isInFlight = false;
        if (seq < channel.received && message.state === 'received') {
          const size = Math.min(message.payload.byteLength, LIMITS.fragmentBytes);
          this.occupy(channel, message, message.cost > 0 ? message.cost : size);
        }
      }
    }
  }

  /** Takes a place in the windows of channel and session. */
  occupy(channel: SendChannel, message: OutgoingMessage, cost: number): void {
    if (message.isInFlight) return;
    channel.occupy(message, cost);
    if (channel.isAnswers) return;
    this.inFlightMessages += 1;
    this.inFlightBytes += cost;
  }

  /** All unsettled messages of the application, channel by channel, in order. */
  unsettled(): Surrendered[] {
    const found: Surrendered[] = [];
    for (const channel of this.#byNumber) {
      if (channel.isAnswers) continue;
      for (let seq = channel.ring.base; seq < channel.ring.end; seq++) {
        const message = channel.ring.get(seq);
        if (message === undefined || message.state === 'settled') continue;
        found.push({ message, mayBeHandled: channel.mayBeHandled(message) });
      }
    }
    return found;
  }

  /** Lets go of a message that moves to another session, without settling it. */
  release(message: OutgoingMessage): void {
    const channel = this.#channelOf(message);
    this.#deadlines.remove(message);
    this.cancelRequests.delete(message);
    this.#vacate(channel, message);
    this.unsettledCount -= 1;
    this.unsettledBytes -= message.payload.byteLength;
    this.#forget(channel, message);
  }

  #admit(request: SubmitRequest): SendChannel {
    const { options } = this.#context;
    const size = request.payload.byteLength;
    if (!this.isAccepting) throw new WilcoError('WILCO_CLOSED', 'the session takes no new messages');
    if (size > options.maxMessageBytes) {
      throw new WilcoError(
        'WILCO_PAYLOAD_TOO_LARGE',
        `${String(size)} bytes, maxMessageBytes is ${String(options.maxMessageBytes)}`,
      );
    }
    if (this.unsettledCount >= options.outboxMessages) {
      throw new WilcoError('WILCO_OUTBOX_FULL', `${String(this.unsettledCount)} messages are unsettled`);
    }
    if (this.unsettledBytes + size > options.outboxBytes) {
      throw new WilcoError('WILCO_OUTBOX_FULL', `${String(this.unsettledBytes)} bytes are unsettled`);
    }
    if (!this.#typeNames.has(request.type)) this.#admitType(request.type);
    return this.#channel(request.channel);
  }

  #admitType(name: string): void {
    checkName('the name of a message type', name, LIMITS.typeNameBytes);
    if (this.#typeNames.size >= LIMITS.messageTypes) {
      throw new WilcoError(
        'WILCO_OPTION_INVALID',
        `'${name}' would be message type ${String(LIMITS.messageTypes + 1)} of this session`,
      );
    }
    this.#typeNames.add(name);
  }

  #take(message: OutgoingMessage, channel: SendChannel, nowMs: number): void {
    this.unsettledCount += 1;
    this.unsettledBytes += message.payload.byteLength;
    if (message.expiresAtMs !== Infinity) this.#deadlines.set(message, message.expiresAtMs);
    else if (this.#retentionDueMs === Infinity) {
      this.#retentionDueMs = Math.max(message.queuedAtMs + this.#context.options.retentionMs, nowMs);
    }
    this.#assign(message, channel, nowMs);
  }

  /** The only function that assigns a seq. Nothing between here and the store can fail. */
  #assign(message: OutgoingMessage, channel: SendChannel, nowMs: number): void {
    const { journal, sink, setting } = this.#context;
    message.seq = channel.ring.push(message);
    if (journal.isVolatile) {
      channel.durable = channel.ring.end;
      if (message.answer === undefined) sink.queued(message);
    } else {
      this.#dirty.add(channel);
      journal.persist({ type: 'putOutgoing', record: outgoingRecord(setting, channel, message) });
      const position = channel.ring.end;
      journal.afterwards(() => {
        channel.durable = position;
        if (message.answer === undefined && message.state === 'queued') sink.queued(message);
        sink.requestFlush();
      }, nowMs);
    }
    sink.requestFlush();
  }

  #answerArrived(channel: SendChannel, message: OutgoingMessage, nowMs: number): void {
    this.answerBytes -= message.payload.byteLength;
    this.unacknowledgedAnswers -= 1;
    message.state = 'settled';
    this.#vacate(channel, message);
    this.#forget(channel, message);
    if (message.answer !== undefined) this.onAnswerArrived(message.answer, nowMs);
  }

  /** The peer has this answer: set by the session. */
  onAnswerArrived: (answer: AnswerRecord, nowMs: number) => void = () => undefined;

  #vacate(channel: SendChannel, message: OutgoingMessage): void {
    if (!channel.vacate(message) || channel.isAnswers) return;
    this.inFlightMessages -= 1;
    this.inFlightBytes -= message.cost;
  }

  #forget(channel: SendChannel, message: OutgoingMessage): void {
    const { journal, setting } = this.#context;
    const { seq } = message;
    channel.release(seq);
    if (journal.isVolatile) return;
    journal.persist({
      type: 'dropOutgoing',
      session: setting.storeKey,
      channel: channel.number,
      from: seq,
      to: seq + 1,
    });
  }

  /** The wire still needs something at this seq: the record stays, without its payload. */
  #keepVoid(channel: SendChannel, message: OutgoingMessage): void {
    const { journal, setting } = this.#context;
    if (journal.isVolatile) return;
    journal.persist({ type: 'putOutgoing', record: outgoingRecord(setting, channel, message) });
  }

  #expireOne(message: OutgoingMessage, code: ErrorCode, nowMs: number): void {
    const channel = this.#channelOf(message);
    if (!channel.mayBeHandled(message)) {
      this.void(message, 'expired', expired(code, 'its time passed before it was written'));
      return;
    }
    if (message.isExpiring) {
      const settlement = inDoubt(code, 'its time passed, and the peer did not say what became of it');
      this.void(message, 'expired', settlement);
      return;
    }
    const { settleGraceMs } = this.#context.options;
    const handlingMs = message.state === 'received' ? this.peerHandlingMs : 0;
    message.isExpiring = true;
    this.#deadlines.set(message, nowMs + settleGraceMs + handlingMs);
    this.cancel(message);
  }

  /** Messages without a time to live of their own are in the order of their age, channel by channel. */
  #expireOld(nowMs: number): void {
    const { retentionMs } = this.#context.options;
    this.#retentionDueMs = Infinity;
    for (const { message } of this.unsettled()) {
      if (message.expiresAtMs !== Infinity || message.isExpiring) continue;
      const dueMs = message.queuedAtMs + retentionMs;
      if (dueMs <= nowMs) this.#expireOne(message, 'WILCO_RETENTION_OVER', nowMs);
      else this.#retentionDueMs = Math.min(this.#retentionDueMs, dueMs);
    }
  }

  #channelOf(message: OutgoingMessage): SendChannel {
    return this.#channel(message.channelName);
  }

  #channel(name: string, number: ChannelNumber = this.#byNumber.length): SendChannel {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    checkName('the name of a channel', name, LIMITS.channelNameBytes);
    if (number >= LIMITS.channels) {
      throw new WilcoError(
        'WILCO_OPTION_INVALID',
        `'${name}' would be channel ${String(number + 1)}, a session has ${String(LIMITS.channels)}`,
      );
    }
    const channel = new SendChannel(number, name, this.#context.setting.channelOf(name));
    this.#byName.set(name, channel);
    this.#byNumber[number] = channel;
    return channel;
  }

  #restore(contents: SessionContents, nowMs: number): void {
    const { setting } = this.#context;
    for (const record of contents.sending) {
      const messages = contents.outgoing.filter(({ channel }) => channel === record.channel);
      const base = Math.min(messages[0]?.seq ?? record.next, record.next);
      const turn = setting.channelOf(record.name);
      const channel = new SendChannel(record.channel, record.name, turn, record.next, record.reported, base);
      this.#byName.set(record.name, channel);
      this.#byNumber[record.channel] = channel;
      for (const outgoing of messages) {
        while (channel.ring.end < outgoing.seq) channel.ring.push(undefined);
        this.#restoreOne(channel, outgoing, nowMs);
      }
      while (channel.ring.end < record.next) channel.ring.push(undefined);
    }
  }

  #restoreOne(channel: SendChannel, record: SessionContents['outgoing'][number], nowMs: number): void {
    const { wallOffsetMs } = this.#context.setting;
    const message = new OutgoingMessage({
      type: record.type,
      channelName: channel.name,
      receipt: undefined,
      id: record.id ?? '',
      isIdExplicit: record.id !== undefined,
      payload: record.payload,
      isResent: record.isResent,
      queuedAtMs: Math.min(record.queuedAtWallMs - wallOffsetMs, nowMs),
      expiresAtMs:
        record.expiresAtWallMs === undefined ? Infinity : record.expiresAtWallMs - wallOffsetMs,
      answer: record.answer,
    });
    message.voidReason = record.voidReason;
    message.seq = channel.ring.push(message);
    if (message.answer !== undefined) {
      this.answerBytes += message.payload.byteLength;
      this.unacknowledgedAnswers += 1;
    } else if (message.voidReason !== undefined) message.state = 'settled';
    else this.#restoreUnsettled(channel, message, nowMs);
  }

  #restoreUnsettled(channel: SendChannel, message: OutgoingMessage, nowMs: number): void {
    if (message.seq < channel.received) message.state = 'received';
    this.unsettledCount += 1;
    this.unsettledBytes += message.payload.byteLength;
    this.#typeNames.add(message.type);
    if (message.expiresAtMs !== Infinity) this.#deadlines.set(message, message.expiresAtMs);
    else {
      const dueMs = Math.max(message.queuedAtMs + this.#context.options.retentionMs, nowMs);
      this.#retentionDueMs = Math.min(this.#retentionDueMs, dueMs);
    }
  }
}
