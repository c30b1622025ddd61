import { LIMITS, type Frame, type PartialAck, type Window } from '@wilco/protocol';
import { Announcer } from './announcer.ts';
import type { SessionContext } from './context.ts';
import { frameOf } from './message-frames.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { Outbox } from './outbox.ts';
import { Pipe } from './pipe.ts';
import type { RoundTrip } from './round-trip.ts';
import type { SendChannel } from './send-channel.ts';
import { expired, inDoubt, rejectedUnwritten } from './settlement.ts';
import { Turns } from './turns.ts';

/** The part of a window that the first part of a large message takes. */
const LARGE_SHARE = 0.25;
/** How many messages of a channel a retransmission repeats. */
const REPEAT_MESSAGES = 8;
/** How many bytes of a large message a retransmission repeats. */
const REPEAT_BYTES = 16 * LIMITS.fragmentBytes;
/** Counted for each frame beside its payload, in bytes. */
const FRAME_OVERHEAD_BYTES = 16;

/** What may still go out: a goodbye lets answers pass, and at last nothing. */
export type Permitted = 'all' | 'answers' | 'nothing';

/**
 * Puts the outbox on the connection: in order inside a channel, by turns between
 * channels, never beyond a window, never more at once than the peer soon takes.
 */
export class Transmitter {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #roundTrip: RoundTrip;
  /** Made by the first that has something to send, as what it asks. */
  #turns: Turns | undefined;
  #maySend: ((channel: SendChannel) => boolean) | undefined;
  readonly #announcer: Announcer;
  permitted: Permitted = 'all';
  /** What the peer lets the whole session have in flight. */
  window: Window = { messages: 0, bytes: 0 };
  peerMaxMessageBytes: number = LIMITS.messageBytes;
  /** Payload bytes put on connections, and how many of them the peer is known to have. */
  #writtenBytes = 0;
  #confirmedBytes = 0;
  readonly #pipe = new Pipe();
  #sample: { channel: SendChannel; seq: number; sentAtMs: number; confirmed: number } | undefined;
  /** Something waits that a window, not the pipe, holds back. */
  isBlocked = false;
  /** How often a message was put on a connection after the first time. */
  repeats = 0;

  constructor(context: SessionContext, outbox: Outbox, roundTrip: RoundTrip) {
    this.#context = context;
    this.#outbox = outbox;
    this.#roundTrip = roundTrip;
    this.#announcer = new Announcer(context.sink);
  }

  /** A new connection knows nothing of the old one. The cursors are set already. */
  attached(): void {
    this.#announcer.attached(this.#outbox.channels);
    this.#sample = undefined;
    this.#confirmedBytes = this.#writtenBytes;
    this.#pipe.reset();
    this.isBlocked = false;
  }

  /** At the opening the peer says that it holds a part of a message: that takes its place. */
  partHeld(channel: SendChannel, partial: PartialAck): void {
    channel.partAhead = partial;
    const message = channel.ring.get(partial.seq);
    if (message === undefined) return;
    // After a restart nothing tells how large its first part was: what the peer holds will do.
    const cost = message.cost > 0 ? message.cost : Math.min(partial.offset, LIMITS.fragmentBytes);
    this.#outbox.occupy(channel, message, cost);
    if (message.state === 'settled') this.#outbox.leaveBehind(message);
  }

  /** Whether anything was written to this connection that the peer has not reported. */
  get hasUnreceived(): boolean {
    for (const channel of this.#outbox.channels) if (channel.hasUnreceived) return true;
    return false;
  }

  /** Whether a flush would write a message. */
  get canTransmit(): boolean {
    if (this.#writtenBytes - this.#confirmedBytes >= this.#pipe.limitBytes) return false;
    for (const channel of this.#outbox.channels) if (this.#canSend(channel)) return true;
    return false;
  }

  /** Writes requests to cancel, then whatever the windows allow. */
  transmit(nowMs: number): void {
    this.isBlocked = false;
    if (!this.#outbox.channels.some(hasPending)) return;
    this.#turns ??= new Turns();
    this.#maySend ??= (channel) => this.#canSend(channel);
    while (this.#writtenBytes - this.#confirmedBytes < this.#pipe.limitBytes) {
      const channel = this.#turns.next(this.#outbox.channels, this.#maySend);
      if (channel === undefined) break;
      this.#transmitNext(channel, nowMs);
    }
    this.isBlocked = false;
    for (const channel of this.#outbox.channels) {
      if (channel.hasPending && !this.#canSend(channel)) this.isBlocked = true;
    }
  }

  /** Asks the peer for what is wanted back: new requests, or all of them again. */
  requestCancels(messages: Iterable<OutgoingMessage>): void {
    for (const message of messages) {
      if (message.state === 'settled') continue;
      const channel = this.#outbox.channelOf(message);
      this.#announcer.tellChannel(channel);
      this.#write({ kind: 'cancel', channel: channel.number, seq: message.seq });
    }
  }

  /** On a link that loses frames: says again what the peer may have missed, oldest first. */
  repeat(nowMs: number): void {
    this.#sample = undefined;
    this.#announcer.repeat(this.#outbox.channels);
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
    const tripMs = nowMs - sample.sentAtMs;
    this.#roundTrip.sample(tripMs, ackDelayMs);
    this.#pipe.measured(this.#confirmedBytes - sample.confirmed, tripMs);
  }

  #canSend(channel: SendChannel): boolean {
    if (!channel.hasPending || !this.#isPermitted(channel)) return false;
    const message = channel.ring.get(channel.cursor);
    if (message === undefined || message.state === 'settled') return true;
    // Its end is on the way to the disk; VOID goes out when it is there.
    if (message.voidReason !== undefined) return false;
    this.#resumePart(channel, message);
    if (channel.partOffset > 0) return channel.grantedOffset > channel.partOffset;
    if (message.isInFlight) return true;
    const cost = this.#costOf(channel, message);
    if (channel.inFlightMessages >= channel.windowMessages) return false;
    if (channel.inFlightBytes + cost > channel.windowBytes) return false;
    if (channel.isAnswers) return true;
    if (this.#outbox.inFlightMessages >= this.window.messages) return false;
    return this.#outbox.inFlightBytes + cost <= this.window.bytes;
  }

  #isPermitted(channel: SendChannel): boolean {
    return this.permitted === 'all' || (this.permitted === 'answers' && channel.isAnswers);
  }

  /** The only or first part of a message is what it takes of the windows. */
  #costOf(channel: SendChannel, message: OutgoingMessage): number {
    const size = message.payload.byteLength;
    const window = channel.isAnswers
      ? channel.windowBytes
      : Math.min(channel.windowBytes, this.window.bytes);
    if (size <= Math.min(window, LIMITS.fragmentBytes)) return size;
    // The rest of a large message needs no window: it leaves most of it to others.
    const part = Math.max(1, Math.floor(window * LARGE_SHARE));
    return Math.min(size, part, LIMITS.fragmentBytes);
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
    if (message.answer !== undefined) this.#fitAnswer(message);
    else if (this.#isTooLate(channel, message, nowMs)) return;
    const isFirstTime = !channel.mayBeHandled(message);
    const cost = message.isInFlight ? message.cost : this.#costOf(channel, message);
    this.#outbox.occupy(channel, message, cost);
    this.#announcer.tell(channel, message);
    this.#transmitFirst(channel, message, cost, nowMs);
    const isWhole = channel.partOffset === 0;
    if (isFirstTime && isWhole && message.attempts === 1 && this.#sample === undefined) {
      const confirmed = this.#confirmedBytes;
      this.#sample = { channel, seq: message.seq, sentAtMs: nowMs, confirmed };
    }
  }

  /** Goes on with a large message where the peer, at the opening, said that it holds it. */
  #resumePart(channel: SendChannel, message: OutgoingMessage): void {
    const held = channel.partAhead;
    if (held === undefined || held.seq > channel.cursor) return;
    channel.partAhead = undefined;
    const size = message.payload.byteLength;
    if (held.seq !== message.seq || held.offset >= size || size > this.peerMaxMessageBytes) return;
    channel.partOffset = channel.confirmedOffset = held.offset;
    channel.grantedOffset = Math.max(held.granted, held.offset);
  }

  /** A reply that was queued, or sent, when the peer still took larger ones. */
  #fitAnswer(message: OutgoingMessage): void {
    if (message.payload.byteLength <= this.peerMaxMessageBytes) return;
    this.#outbox.unacknowledged.loseReply(message, this.#outbox.answers, this.#context);
  }

  /** What has no point any more, or can not be sent, ends here. */
  #isTooLate(channel: SendChannel, message: OutgoingMessage, nowMs: number): boolean {
    const mayBeHandled = channel.mayBeHandled(message);
    if (message.expiresAtMs <= nowMs && !mayBeHandled) {
      const settlement = expired('WILCO_EXPIRED', 'its time to live passed before it was written');
      this.#outbox.void(message, 'expired', settlement);
      return true;
    }
    if (message.payload.byteLength <= this.peerMaxMessageBytes) return false;
    const reason = `the peer takes at most ${String(this.peerMaxMessageBytes)} bytes`;
    const settle = mayBeHandled ? inDoubt : rejectedUnwritten;
    this.#outbox.void(message, 'failed', settle('WILCO_PAYLOAD_TOO_LARGE', reason));
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
    const typeNumber = this.#announcer.typeNumberOf(message);
    this.#write(frameOf(channel, message, typeNumber, cost, nowMs));
    this.#count(channel, message, cost);
    if (cost >= size) {
      channel.moveTo(message.seq + 1);
      return;
    }
    channel.wrotePart(cost);
    channel.confirmedOffset = 0;
    channel.grantedOffset = Math.max(channel.grantedOffset, cost);
  }

  #transmitPart(channel: SendChannel, message: OutgoingMessage): void {
    const size = message.payload.byteLength;
    const from = channel.partOffset;
    const to = Math.min(size, channel.grantedOffset, from + LIMITS.fragmentBytes);
    this.#announcer.tellChannel(channel);
    this.#write({
      kind: 'fragment',
      channel: channel.number,
      seq: message.seq,
      offset: from,
      payload: message.payload.subarray(from, to),
    });
    channel.wrotePart(to);
    this.#count(channel, message, to - from);
    if (to === size) channel.moveTo(message.seq + 1);
  }

  #count(channel: SendChannel, message: OutgoingMessage, bytes: number): void {
    this.#writtenBytes += bytes + FRAME_OVERHEAD_BYTES;
    message.wireMark = this.#writtenBytes;
    this.#turns?.spend(channel, bytes + FRAME_OVERHEAD_BYTES);
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
    this.#announcer.tellChannel(channel);
    this.#write({ kind: 'void', channel: channel.number, from, to, reason });
    channel.moveTo(to);
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
    message.attempts += 1;
    this.repeats += 1;
    if (message.heldBytes === 0) {
      const typeNumber = this.#announcer.typeNumberOf(message);
      this.#write(frameOf(channel, message, typeNumber, message.cost, nowMs));
    }
    const from = Math.max(message.heldBytes, message.cost);
    const to = Math.min(message.payload.byteLength, from + REPEAT_BYTES);
    for (let offset = from; offset < to; offset += LIMITS.fragmentBytes) {
      const payload = message.payload.subarray(offset, Math.min(to, offset + LIMITS.fragmentBytes));
      this.#write({ kind: 'fragment', channel: channel.number, seq, offset, payload });
    }
  }

  #write(frame: Frame): void {
    this.#context.sink.transmit(frame);
  }
}

function hasPending(channel: SendChannel): boolean {
  return channel.hasPending;
}
