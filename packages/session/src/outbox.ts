import {
  ANSWER_CHANNEL,
  ANSWER_CHANNEL_NAME,
  type AnswerRecord,
  type ChannelNumber,
  type SessionContents,
} from '@wilco/protocol';
import { Admission } from './admission.ts';
import type { SessionContext } from './context.ts';
import { Expiry } from './expiry.ts';
import {
  NO_BYTES,
  NO_MESSAGES,
  OutgoingMessage,
  type IdSource,
  type SubmitRequest,
} from './outgoing-message.ts';
import { outgoingRecord } from './outgoing-records.ts';
import { Pager } from './pager.ts';
import type { SendChannel } from './send-channel.ts';
import { OutboxCounts } from './session-stats.ts';
import { SendChannels } from './send-channels.ts';
import { cancelled, ofOwnAccord } from './settlement.ts';
import type { Settlement } from './sink.ts';
import { UnacknowledgedAnswers } from './unacknowledged-answers.ts';

/** A message of a session that is over, for the next session. */
export interface Surrendered {
  readonly message: OutgoingMessage;
  /** It may have been written whole, so the peer may have handled it. */
  readonly mayBeHandled: boolean;
}

/**
 * What this side wants to get to the peer: admits messages, numbers them, and settles each
 * exactly once. Writing them is the transmitter's, believing the peer the ack reader's part.
 */
export class Outbox {
  readonly #context: SessionContext;
  readonly #unnamed: IdSource;
  readonly #channels: SendChannels;
  /** Takes messages, or refuses them. */
  readonly admission: Admission;
  /** Ends what is too old. */
  readonly expiry: Expiry;
  /** Keeps of a long outbox only the head in memory. */
  readonly pager: Pager;
  /** Messages that the peer may hold and that are wanted back. */
  cancelRequests = NO_MESSAGES;
  /** Those of them that this connection has not carried yet. */
  newCancels: OutgoingMessage[] = [];
  /** Another process has used what is kept here: its places may have other messages, too. */
  isUsedElsewhere = false;
  unsettledCount = 0;
  readonly counts = new OutboxCounts();
  unsettledBytes = 0;
  readonly unacknowledged = new UnacknowledgedAnswers();
  /** Messages and bytes that take a place in the window of the session. */
  inFlightMessages = 0;
  inFlightBytes = 0;

  constructor(context: SessionContext, nowMs: number, contents?: SessionContents) {
    this.#context = context;
    this.#unnamed = { id: undefined, setting: context.setting };
    this.admission = new Admission(context.options);
    this.expiry = new Expiry(context.options, this);
    this.#channels = new SendChannels(context.setting);
    this.pager = new Pager(context, this);
    if (contents !== undefined) this.#restore(contents, nowMs);
  }

  get channels(): readonly SendChannel[] {
    return this.#channels.all;
  }

  get answers(): SendChannel {
    return this.#channels.numbered(ANSWER_CHANNEL) as SendChannel;
  }

  channel(number: ChannelNumber): SendChannel | undefined {
    return this.#channels.numbered(number);
  }

  /** The channel that a message goes through. */
  channelOf(message: OutgoingMessage): SendChannel {
    return this.#channels.named(message.channelName);
  }

  /**
   * Takes a message: checks, then numbers it, then has it kept.
   *
   * @throws {@link WilcoError} before a seq is taken: `WILCO_CLOSED`, `WILCO_OPTION_INVALID`,
   *   `WILCO_PAYLOAD_TOO_LARGE`, `WILCO_OUTBOX_FULL`.
   */
  submit(request: SubmitRequest, nowMs: number): OutgoingMessage {
    this.admission.check(request, this.unsettledCount, this.unsettledBytes);
    const channel = this.#channels.named(request.channel);
    this.admission.know(request.type);
    const { id: session } = this.#context;
    const message = new OutgoingMessage({
      type: request.type,
      channelName: request.channel,
      receipt: request.receipt,
      // One of before the session has a name is made of what stands for it, also later.
      id: request.id ?? (session === undefined ? this.#unnamed : this.#context),
      isIdExplicit: request.id !== undefined || session === undefined,
      payload: request.payload,
      isResent: false,
      queuedAtMs: nowMs,
      expiresAtMs: request.ttlMs === undefined ? Infinity : nowMs + request.ttlMs,
      answer: undefined,
    });
    this.#take(message, channel, nowMs);
    if (request.effect !== undefined) {
      this.#context.journal.persist({ type: 'effect', effect: request.effect });
    }
    return message;
  }

  /** Takes over a message of a session that is over: a new seq, the old id. Never refuses. */
  resubmit(message: OutgoingMessage, isResent: boolean, nowMs: number): void {
    message.state = 'queued';
    message.isResent ||= isResent;
    message.takeId(this.#context);
    message.isInFlight = false;
    // Asked back because its time was over: it is here as well, and ends for that reason.
    const isWithdrawn = message.isCancelRequested && !message.isExpiring;
    message.isCancelRequested = message.isExpiring = message.isHandlingAwaited = false;
    message.heldBytes = message.cost = message.wireMark = 0;
    message.voidReason = undefined;
    this.admission.know(message.type);
    const channel = this.#channels.named(message.channelName);
    this.#take(message, channel, nowMs);
    if (this.#context.id === undefined) message.keepId();
    if (message.isOfEarlierRun) channel.earlierBelow = message.seq + 1;
    if (isWithdrawn) this.cancel(message);
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
    this.unacknowledged.add(message);
    this.#assign(message, this.answers, nowMs);
  }

  /** Withdraws a message: at once where it was never written whole, else by asking the peer. */
  cancel(message: OutgoingMessage): void {
    if (message.state === 'settled') return;
    const channel = this.channelOf(message);
    if (!channel.mayBeHandled(message)) {
      message.isCancelRequested = true;
      this.void(message, 'cancelled', WITHDRAWN);
      return;
    }
    if (message.isCancelRequested) return;
    message.isCancelRequested = true;
    if (message.isPaged) {
      // The peer is asked when it is in memory again.
      this.pager.hold(channel, message);
      return;
    }
    if (this.cancelRequests === NO_MESSAGES) this.cancelRequests = new Set();
    this.cancelRequests.add(message);
    this.newCancels.push(message);
    this.#context.sink.requestFlush();
  }

  /**
   * Settles a message whose seq was assigned and that will not be written (again): the wire
   * says VOID. Both wait for the store: a process that came back must know it, too.
   */
  void(
    message: OutgoingMessage,
    reason: NonNullable<OutgoingMessage['voidReason']>,
    settlement: Settlement,
    isGivenBack = false,
  ): void {
    if (message.voidReason !== undefined) return;
    const { journal, setting, sink } = this.#context;
    const [channel, said] = [this.channelOf(message), ofOwnAccord(message, settlement)];
    sink.requestFlush();
    // It takes no place any more; of an earlier copy the peer can not know.
    if (isGivenBack) this.#vacate(channel, message);
    else if (message.seq < channel.received && !message.isPaged) {
      this.settle(message, said);
      return;
    }
    if (!journal.isVolatile) this.pager.uncount(channel, message);
    message.voidReason = reason;
    if (message.seq === channel.cursor) channel.restartPart();
    if (message.isPaged) this.pager.drop(channel, message);
    else this.#keepVoid(channel, message);
    setting.keepEnd?.(message, said);
    journal.afterwards(() => {
      this.settle(message, said);
      sink.requestFlush();
    });
  }

  /** The one place where a message of the application ends. */
  settle(message: OutgoingMessage, settlement: Settlement): void {
    if (message.state === 'settled') return;
    const channel = this.channelOf(message);
    message.state = 'settled';
    // One of an earlier run, which may have written it, is not counted before the peer is back.
    const isUncounted =
      message.isOfEarlierRun && message.cost === 0 && channel.mayBeHandled(message);
    if (isUncounted) message.cost = message.firstPartBytes;
    message.payload = NO_BYTES;
    this.expiry.forget(message);
    if (message.isCancelRequested) this.cancelRequests.delete(message);
    // Without the peer's word it may hold it, or a part, still: then it goes on taking its place.
    const isUnasked = settlement.status === 'inDoubt' || message.voidReason !== undefined;
    if (isUnasked && (message.isInFlight || isUncounted)) this.leaveBehind(message);
    else this.#vacate(channel, message);
    this.counts.settled[settlement.status] += 1;
    this.#uncount(channel, message);
    if (message.isPaged) this.pager.dropped(channel, message);
    else if (message.seq < channel.received) this.#forget(channel, message);
    else if (message.voidReason === undefined) this.#keepVoid(channel, message);
    this.#context.sink.settled(message, settlement);
    if (this.unsettledCount === 0) this.#context.sink.drained();
  }

  /** A message that is settled takes its place until the peer has let go of it. */
  leaveBehind(message: OutgoingMessage): void {
    if (!message.isLeftBehind) this.counts.leftBehind += 1;
    message.isLeftBehind = true;
  }

  /** The peer has said how a message ended that was settled without its word. */
  letGo(channel: SendChannel, message: OutgoingMessage): void {
    if (!message.isLeftBehind) return;
    message.isLeftBehind = false;
    this.counts.leftBehind -= 1;
    this.#vacate(channel, message);
    if (message.seq < channel.received) channel.release(message.seq);
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
    channel.isRecordDirty = true;
  }

  /** Counts anew what takes a place in the windows: credit is derived, never remembered. */
  recount(): void {
    this.inFlightMessages = 0;
    this.inFlightBytes = 0;
    for (const channel of this.#channels.all) {
      channel.inFlightMessages = 0;
      channel.inFlightBytes = 0;
      // The one at `written` may have been begun.
      for (const message of channel.ring.items()) {
        const { seq } = message;
        if (seq > channel.written) break;
        message.isInFlight = false;
        message.heldBytes = 0;
        if (message.state === 'received' || message.isLeftBehind) {
          this.occupy(channel, message, message.cost > 0 ? message.cost : message.firstPartBytes);
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

  /**
   * The unsettled messages of the application, channel by channel, in order; in a channel that
   * has some on disk only, those before them.
   */
  unsettled(): { readonly channel: SendChannel; readonly message: OutgoingMessage }[] {
    const found: { channel: SendChannel; message: OutgoingMessage }[] = [];
    for (const channel of this.#channels.all) {
      if (channel.isAnswers) continue;
      const messages = this.pager.isWhole(channel) ? channel.inMemory() : channel.ring.items();
      for (const message of messages) {
        if (message.state !== 'settled') found.push({ channel, message });
      }
    }
    return found;
  }

  /** Lets go of a message that moves to another session, without settling it. */
  release(message: OutgoingMessage): void {
    const channel = this.channelOf(message);
    this.expiry.forget(message);
    this.cancelRequests.delete(message);
    this.#vacate(channel, message);
    this.#uncount(channel, message);
    this.#forget(channel, message);
    channel.paged?.tail.clear(message.seq);
  }

  #take(message: OutgoingMessage, channel: SendChannel, nowMs: number): void {
    this.counts.taken += 1;
    this.unsettledCount += 1;
    this.unsettledBytes += message.size;
    this.expiry.watch(message, nowMs);
    this.#assign(message, channel, nowMs);
  }

  #uncount(channel: SendChannel, message: OutgoingMessage): void {
    this.unsettledCount -= 1;
    this.unsettledBytes -= message.size;
    // Of a void the disk knows already.
    if (message.voidReason !== undefined || this.#context.journal.isVolatile) return;
    this.pager.uncount(channel, message);
  }

  /** The only function that assigns a seq. Nothing between here and the store can fail. */
  #assign(message: OutgoingMessage, channel: SendChannel, nowMs: number): void {
    const { journal, sink, setting } = this.#context;
    if (journal.isVolatile) {
      message.seq = channel.ring.push(message);
      channel.durable = channel.ring.end;
      if (message.answer === undefined) sink.queued(message);
    } else {
      message.seq = this.pager.place(channel, message);
      journal.persist({ type: 'putOutgoing', record: outgoingRecord(setting, channel, message) });
      this.pager.keep(channel, nowMs);
    }
    sink.requestFlush();
  }

  #answerArrived(channel: SendChannel, message: OutgoingMessage, nowMs: number): void {
    this.unacknowledged.remove(message);
    message.state = 'settled';
    this.#vacate(channel, message);
    this.#forget(channel, message);
    if (message.answer !== undefined) this.handling?.answerArrived(message.answer, nowMs);
  }

  /** The peer has this answer: set by the session. */
  handling: { answerArrived(answer: AnswerRecord, nowMs: number): void } | undefined;

  #vacate(channel: SendChannel, message: OutgoingMessage): void {
    if (!channel.vacate(message) || channel.isAnswers) return;
    this.inFlightMessages -= 1;
    this.inFlightBytes -= message.cost;
  }

  #forget(channel: SendChannel, message: OutgoingMessage): void {
    const { journal, setting } = this.#context;
    const { seq } = message;
    if (!message.isLeftBehind) channel.release(seq);
    if (journal.isVolatile) return;
    const place = { channel: channel.number, from: seq, to: seq + 1 };
    journal.persist({ type: 'dropOutgoing', session: setting.storeKey, ...place });
  }

  /** The wire still needs something at this seq: the record stays, without its payload. */
  #keepVoid(channel: SendChannel, message: OutgoingMessage): void {
    const { journal, setting } = this.#context;
    message.voidReason ??= 'moved';
    if (journal.isVolatile) return;
    const record = { ...outgoingRecord(setting, channel, message), payload: NO_BYTES };
    journal.persist({ type: 'putOutgoing', record });
  }

  #restore({ sending, outgoing }: SessionContents, nowMs: number): void {
    for (const record of sending) {
      const messages = outgoing.filter(({ channel }) => channel === record.channel);
      const channel = this.#channels.restore(record, messages[0]?.seq ?? record.next);
      this.unsettledCount += record.unsettled;
      this.unsettledBytes += record.unsettledBytes;
      this.pager.restore(channel, record, messages, nowMs);
    }
  }
}

const WITHDRAWN = cancelled('WILCO_CANCELLED', 'withdrawn before it was written');
