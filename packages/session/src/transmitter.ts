import {
  LIMITS,
  type Frame,
  type MessageFrame,
  type AnswerFrame,
  type Window,
} from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { Outbox } from './outbox.ts';
import type { RoundTrip } from './round-trip.ts';
import type { SendChannel } from './send-channel.ts';
import { expired, rejectedUnwritten } from './settlement.ts';
import { Turns } from './turns.ts';
import { NamesGiven } from './type-numbers.ts';

/** The least that one connection may hold of what the peer has not received, in bytes. */
const PIPE_LEAST_BYTES = 1024 * 1024;
/** How many messages of a channel a retransmission repeats. */
const REPEAT_MESSAGES = 8;
/** So many of the longest names fit a frame. */
const NAMES_PER_FRAME = 256;
/** Counted for each frame beside its payload, in bytes. */
const FRAME_OVERHEAD_BYTES = 16;

const NO_EXTENSIONS: readonly [] = [];

/**
 * Puts the outbox on the connection: in order inside a channel, by turns between
 * channels, never beyond a window, never more at once than the peer soon takes.
 */
export class Transmitter {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #roundTrip: RoundTrip;
  readonly #turns = new Turns();
  readonly #types = new NamesGiven();
  readonly #maySend = (channel: SendChannel): boolean => this.#canSend(channel);
  /** What the peer lets the whole session have in flight. */
  window: Window = { messages: 0, bytes: 0 };
  peerMaxMessageBytes: number = LIMITS.messageBytes;
  /** Payload bytes put on connections, and how many of them the peer is known to have. */
  #writtenBytes = 0;
  #confirmedBytes = 0;
  #pipeBytes = PIPE_LEAST_BYTES;
  #sample: { channel: SendChannel; seq: number; sentAtMs: number; confirmed: number } | undefined;
  /** Something waits that a window, not the pipe, holds back. */
  isBlocked = false;
  /** How often a message was put on a connection after the first time. */
  repeats = 0;

  constructor(context: SessionContext, outbox: Outbox, roundTrip: RoundTrip) {
    this.#context = context;
    this.#outbox = outbox;
    this.#roundTrip = roundTrip;
  }

  /** A new connection knows nothing of the old one. The cursors are set already. */
  attached(): void {
    this.#types.clear();
    this.#sample = undefined;
    this.#confirmedBytes = this.#writtenBytes;
    this.isBlocked = false;
    for (const channel of this.#outbox.channels) channel.isAnnounced = channel.number <= 1;
  }

  /** Whether anything was written to this connection that the peer has not reported. */
  get hasUnreceived(): boolean {
    for (const channel of this.#outbox.channels) if (channel.hasUnreceived) return true;
    return false;
  }

  /** Whether a flush would write a message. */
  get canTransmit(): boolean {
    if (this.#writtenBytes - this.#confirmedBytes >= this.#pipeBytes) return false;
    for (const channel of this.#outbox.channels) if (this.#canSend(channel)) return true;
    return false;
  }

  /** Writes requests to cancel, then whatever the windows allow. */
  transmit(nowMs: number): void {
    while (this.#writtenBytes - this.#confirmedBytes < this.#pipeBytes) {
      const channel = this.#turns.next(this.#outbox.channels, this.#maySend);
      if (channel === undefined) break;
      this.#transmitNext(channel, nowMs);
    }
    this.isBlocked = this.#outbox.channels.some(
      (channel) => channel.hasPending && !this.#canSend(channel),
    );
  }

  /** Asks the peer for what is wanted back: new requests, or all of them again. */
  requestCancels(messages: Iterable<OutgoingMessage>): void {
    for (const message of messages) {
      const channel = this.#outbox.channels.find(({ name }) => name === message.channelName);
      if (channel === undefined || message.state === 'settled') continue;
      if (!channel.isAnnounced) this.#announceNames(undefined, channel);
      this.#write({ kind: 'cancel', channel: channel.number, seq: message.seq });
    }
  }

  /** On a link that loses frames: says again what the peer may have missed, oldest first. */
  repeat(nowMs: number): void {
    this.#sample = undefined;
    this.#announceAgain();
    this.requestCancels(this.#outbox.cancelRequests);
    for (const channel of this.#outbox.channels) {
      const to = Math.min(channel.cursor, channel.received + REPEAT_MESSAGES);
      for (let seq = channel.received; seq < to; seq++) this.#repeatOne(channel, seq, nowMs);
      if (channel.partOffset > 0) channel.partOffset = channel.confirmedOffset;
    }
    this.transmit(nowMs);
  }

  /** The peer holds more of a channel: room in the pipe, and perhaps a sample of the round trip. */
  confirmed(message: OutgoingMessage): void {
    this.#confirmedBytes = Math.max(this.#confirmedBytes, message.wireMark);
  }

  /** The peer holds more of a large message. */
  confirmedPart(bytes: number): void {
    this.#confirmedBytes = Math.min(this.#confirmedBytes + bytes, this.#writtenBytes);
  }

  /** Takes the sample, if what it waits for is acknowledged. Karn's rule: only what was sent once is one. */
  takeSample(nowMs: number, ackDelayMs: number): void {
    const sample = this.#sample;
    if (sample === undefined || sample.channel.received <= sample.seq) return;
    this.#sample = undefined;
    this.#roundTrip.sample(nowMs - sample.sentAtMs, ackDelayMs);
    // Twice what the peer took in one round trip: the bandwidth-delay product, with room to grow.
    const perTripBytes = this.#confirmedBytes - sample.confirmed;
    this.#pipeBytes = Math.max(PIPE_LEAST_BYTES, 2 * perTripBytes, this.#pipeBytes / 2);
  }

  #canSend(channel: SendChannel): boolean {
    if (!channel.hasPending) return false;
    const message = channel.ring.get(channel.cursor);
    if (message === undefined || message.state === 'settled') return true;
    if (channel.partOffset > 0) return channel.grantedOffset > channel.partOffset;
    if (message.isInFlight) return true;
    const cost = this.#costOf(channel, message);
    if (channel.inFlightMessages >= channel.windowMessages) return false;
    if (channel.inFlightBytes + cost > channel.windowBytes) return false;
    if (channel.isAnswers) return true;
    if (this.#outbox.inFlightMessages >= this.window.messages) return false;
    return this.#outbox.inFlightBytes + cost <= this.window.bytes;
  }

  /** The first part of a message is what it takes of the windows. */
  #costOf(channel: SendChannel, message: OutgoingMessage): number {
    const size = message.payload.byteLength;
    const window = channel.isAnswers
      ? channel.windowBytes
      : Math.min(channel.windowBytes, this.window.bytes);
    return Math.min(size, LIMITS.fragmentBytes, Math.max(window, 1));
  }

  #transmitNext(channel: SendChannel, nowMs: number): void {
    const message = channel.ring.get(channel.cursor);
    if (message === undefined || message.state === 'settled') {
      this.#transmitVoids(channel);
      return;
    }
    if (channel.partOffset > 0) {
      this.#transmitPart(channel, message);
      return;
    }
    if (this.#isTooLate(channel, message, nowMs)) return;
    const isFirstTime = !channel.mayBeHandled(message);
    const cost = message.isInFlight ? message.cost : this.#costOf(channel, message);
    this.#outbox.occupy(channel, message, cost);
    this.#announce(channel, message);
    this.#transmitFirst(channel, message, cost, nowMs);
    if (isFirstTime && this.#sample === undefined && channel.partOffset === 0) {
      const confirmed = this.#confirmedBytes;
      this.#sample = { channel, seq: message.seq, sentAtMs: nowMs, confirmed };
    }
  }

  /** What was never written, and has no point any more, ends here. */
  #isTooLate(channel: SendChannel, message: OutgoingMessage, nowMs: number): boolean {
    if (message.answer !== undefined || channel.mayBeHandled(message)) return false;
    if (message.expiresAtMs <= nowMs) {
      const settlement = expired('WILCO_EXPIRED', 'its time to live passed before it was written');
      this.#outbox.void(message, 'expired', settlement);
      return true;
    }
    if (message.payload.byteLength <= this.peerMaxMessageBytes) return false;
    const reason = `the peer takes at most ${String(this.peerMaxMessageBytes)} bytes`;
    this.#outbox.void(message, 'failed', rejectedUnwritten('WILCO_PAYLOAD_TOO_LARGE', reason));
    return true;
  }

  #transmitFirst(
    channel: SendChannel,
    message: OutgoingMessage,
    cost: number,
    nowMs: number,
  ): void {
    const size = message.payload.byteLength;
    message.attempts += 1;
    if (message.attempts > 1) this.repeats += 1;
    this.#write(this.#frameOf(channel, message, cost, nowMs));
    this.#count(channel, message, cost);
    if (cost >= size) {
      this.#wroteWhole(channel, message);
      return;
    }
    channel.partOffset = cost;
    channel.confirmedOffset = 0;
    channel.grantedOffset = cost;
  }

  #transmitPart(channel: SendChannel, message: OutgoingMessage): void {
    const size = message.payload.byteLength;
    const from = channel.partOffset;
    const to = Math.min(size, channel.grantedOffset, from + LIMITS.fragmentBytes);
    this.#write({
      kind: 'fragment',
      channel: channel.number,
      seq: message.seq,
      offset: from,
      payload: message.payload.subarray(from, to),
    });
    channel.partOffset = to;
    this.#count(channel, message, to - from);
    if (to === size) this.#wroteWhole(channel, message);
  }

  #wroteWhole(channel: SendChannel, message: OutgoingMessage): void {
    channel.partOffset = channel.confirmedOffset = channel.grantedOffset = 0;
    channel.cursor = message.seq + 1;
    channel.written = Math.max(channel.written, channel.cursor);
  }

  #count(channel: SendChannel, message: OutgoingMessage, bytes: number): void {
    this.#writtenBytes += bytes + FRAME_OVERHEAD_BYTES;
    message.wireMark = this.#writtenBytes;
    this.#turns.spend(channel, bytes + FRAME_OVERHEAD_BYTES);
  }

  /** Seqs that carry nothing, in one frame as far as they have one reason. */
  #transmitVoids(channel: SendChannel): void {
    const from = channel.cursor;
    const reason = channel.ring.get(from)?.voidReason ?? 'moved';
    let to = from + 1;
    while (to < channel.durable) {
      const next = channel.ring.get(to);
      if (next === undefined || next.state !== 'settled') break;
      if ((next.voidReason ?? 'moved') !== reason) break;
      to += 1;
    }
    if (!channel.isAnnounced) this.#announceNames(undefined, channel);
    this.#write({ kind: 'void', channel: channel.number, from, to, reason });
    this.#writtenBytes += FRAME_OVERHEAD_BYTES;
    channel.partOffset = channel.confirmedOffset = channel.grantedOffset = 0;
    channel.cursor = to;
    channel.written = Math.max(channel.written, to);
  }

  #repeatOne(channel: SendChannel, seq: number, nowMs: number): void {
    const message = channel.ring.get(seq);
    if (message === undefined) return;
    if (message.state === 'settled') {
      if (message.voidReason === undefined) return;
      this.#write({
        kind: 'void',
        channel: channel.number,
        from: seq,
        to: seq + 1,
        reason: message.voidReason,
      });
      return;
    }
    const size = message.payload.byteLength;
    message.attempts += 1;
    this.repeats += 1;
    this.#write(this.#frameOf(channel, message, Math.min(message.cost, size), nowMs));
    for (let from = message.cost; from < size && size > 0; from += LIMITS.fragmentBytes) {
      const payload = message.payload.subarray(from, Math.min(size, from + LIMITS.fragmentBytes));
      this.#write({ kind: 'fragment', channel: channel.number, seq, offset: from, payload });
    }
  }

  #frameOf(
    channel: SendChannel,
    message: OutgoingMessage,
    partBytes: number,
    nowMs: number,
  ): MessageFrame | AnswerFrame {
    const size = message.payload.byteLength;
    const isWhole = partBytes >= size;
    const payload = isWhole ? message.payload : message.payload.subarray(0, partBytes);
    const totalBytes = isWhole ? undefined : size;
    if (message.answer !== undefined) return answerFrame(message, totalBytes, payload);
    const ttlMs =
      message.expiresAtMs === Infinity
        ? undefined
        : Math.min(Math.max(Math.ceil(message.expiresAtMs - nowMs), 0), LIMITS.durationMs);
    return {
      kind: 'message',
      channel: channel.number,
      seq: message.seq,
      type: this.#types.numberOf(message.type) ?? 0,
      ttlMs,
      id: message.isIdExplicit ? message.id : undefined,
      isResent: message.isResent,
      ackNow: channel.isUrgent || message.attempts > 1,
      totalBytes,
      extensions: NO_EXTENSIONS,
      payload,
    };
  }

  #announce(channel: SendChannel, message: OutgoingMessage): void {
    const isTypeNew =
      message.answer === undefined && this.#types.numberOf(message.type) === undefined;
    if (!isTypeNew && channel.isAnnounced) return;
    this.#announceNames(isTypeNew ? message.type : undefined, channel);
  }

  #announceNames(type: string | undefined, channel: SendChannel): void {
    const channels = channel.isAnnounced ? [] : [{ number: channel.number, name: channel.name }];
    channel.isAnnounced = true;
    const types = type === undefined ? [] : [this.#types.give(type)];
    this.#write({ kind: 'types', types, channels });
  }

  #announceAgain(): void {
    const channels = this.#outbox.channels
      .filter(({ number, isAnnounced }) => number > 1 && isAnnounced)
      .map(({ number, name }) => ({ number, name }));
    const types = this.#types.all();
    if (channels.length > 0) this.#write({ kind: 'types', types: [], channels });
    for (let from = 0; from < types.length; from += NAMES_PER_FRAME) {
      const some = types.slice(from, from + NAMES_PER_FRAME);
      this.#write({ kind: 'types', types: some, channels: [] });
    }
  }

  #write(frame: Frame): void {
    this.#context.sink.transmit(frame);
  }
}

function answerFrame(
  message: OutgoingMessage,
  totalBytes: number | undefined,
  payload: Uint8Array,
): AnswerFrame {
  const answer = message.answer as NonNullable<typeof message.answer>;
  return {
    kind: 'answer',
    seq: message.seq,
    answeredChannel: answer.channel,
    answeredSeq: answer.seq,
    answeredId: answer.id,
    outcome: answer.outcome,
    code: answer.code,
    reason: answer.reason,
    hasRun: answer.hasRun,
    isRetryable: answer.isRetryable,
    ackNow: false,
    totalBytes,
    extensions: NO_EXTENSIONS,
    payload,
  };
}
