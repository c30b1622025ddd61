import {
  WilcoError,
  type AckFrame,
  type AnswerFrame,
  type ChannelAck,
  type PartialAck,
  type Position,
  type Seq,
} from '@wilco/protocol';
import { codeOf } from './expiry.ts';
import type { Outbox } from './outbox.ts';
import type { SendChannel } from './send-channel.ts';
import { HANDLED, settlementOf } from './settlement.ts';
import type { Transmitter } from './transmitter.ts';

/**
 * Believes what the peer says of this side's messages: facts only grow, an ACK that
 * omits something denies nothing, and one of what was never sent ends the connection.
 */
export class AckReader {
  readonly #outbox: Outbox;
  readonly #transmitter: Transmitter;
  /** The number of the newest ACK of this connection; its windows hold. */
  #newest = 0;
  #hasMoved = false;

  constructor(outbox: Outbox, transmitter: Transmitter) {
    this.#outbox = outbox;
    this.#transmitter = transmitter;
  }

  attached(): void {
    this.#newest = 0;
  }

  /** Whether any fact moved since this was asked last. */
  takeMoved(): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved;
  }

  /** Takes the facts of an ACK. Returns what is wrong with it, if anything is. */
  read(ack: AckFrame, nowMs: number): WilcoError | undefined {
    const isNewest = ack.number > this.#newest;
    if (isNewest) {
      this.#newest = ack.number;
      this.#transmitter.window = ack.window;
    }
    for (const entry of ack.channels) {
      const channel = this.#outbox.channel(entry.channel);
      const wrong = channel === undefined ? unknown(entry) : outOfRange(channel, entry);
      if (wrong !== undefined || channel === undefined) return wrong;
      this.#readChannel(channel, entry, isNewest, nowMs);
    }
    return undefined;
  }

  /** Takes an answer. Returns what is wrong with it, if anything is. */
  readAnswer(answer: AnswerFrame, payload: Uint8Array): WilcoError | undefined {
    const channel = this.#outbox.channel(answer.answeredChannel);
    if (channel === undefined || answer.answeredSeq >= channel.written) {
      return new WilcoError(
        'WILCO_ACK_OUT_OF_RANGE',
        `the peer answered ${String(answer.answeredSeq)} in channel ${String(answer.answeredChannel)}, which was never sent`,
      );
    }
    this.#hasMoved = true;
    const message = channel.ring.get(answer.answeredSeq);
    if (message === undefined) return undefined;
    if (message.state === 'settled') {
      this.#outbox.letGo(channel, message);
      return undefined;
    }
    const tooOld = message.isExpiring ? codeOf(message) : undefined;
    const settlement = settlementOf(answer, payload, tooOld);
    // No handler took it. Told once that is kept: a run that came back would send it again, and
    // the peer may have forgotten, or take it by then.
    if (settlement.hasRun) this.#outbox.settle(message, settlement);
    else this.#outbox.void(message, 'cancelled', settlement, true);
    return undefined;
  }

  #readChannel(channel: SendChannel, entry: ChannelAck, isNewest: boolean, nowMs: number): void {
    if (isNewest) {
      channel.windowMessages = entry.window.messages;
      channel.windowBytes = entry.window.bytes;
    }
    if (entry.received > channel.received) this.#readReceived(channel, entry.received, nowMs);
    this.#readPartial(channel, entry, isNewest);
    if (channel.isAnswers) return;
    this.#settleHandled(channel, channel.handled.position, entry.handled);
    for (let i = 0; i < entry.ranges.length; i += 2) {
      this.#settleHandled(channel, entry.ranges[i] as number, entry.ranges[i + 1] as number);
    }
  }

  #readReceived(channel: SendChannel, position: Position, nowMs: number): void {
    this.#hasMoved = true;
    for (let seq = position - 1; seq >= channel.received; seq--) {
      // The last one that was written to this connection stands for all before it.
      const message = channel.ring.get(seq);
      if (message === undefined || message.wireMark === 0) continue;
      this.#transmitter.confirmed(message);
      break;
    }
    this.#outbox.receivedUpTo(channel, position, nowMs);
    if (position > channel.cursor) channel.moveTo(position);
  }

  #readPartial(channel: SendChannel, { partial }: ChannelAck, isNewest: boolean): void {
    if (partial === undefined) return;
    this.#noteHeld(channel, partial);
    if (channel.partAhead?.seq === partial.seq && isNewest) channel.partAhead = partial;
    if (partial.seq !== channel.cursor || channel.partOffset === 0) return;
    if (partial.offset > channel.confirmedOffset) {
      this.#hasMoved = true;
      this.#transmitter.confirmedPart(partial.offset - channel.confirmedOffset);
      channel.confirmedOffset = partial.offset;
    }
    if (partial.granted > channel.grantedOffset && isNewest) {
      this.#hasMoved = true;
      channel.grantedOffset = partial.granted;
    }
  }

  /** Where frames get lost, a large message is repeated from there. */
  #noteHeld(channel: SendChannel, { seq, offset }: PartialAck): void {
    const message = channel.ring.get(seq);
    if (message === undefined || offset <= message.heldBytes) return;
    message.heldBytes = offset;
    this.#hasMoved = true;
  }

  /** Settles what is handled now and was not before: each message is looked at once. */
  #settleHandled(channel: SendChannel, from: Position, to: Position): void {
    if (to <= channel.handled.position) return;
    let seq = Math.max(from, channel.handled.position);
    for (let i = 0; i <= channel.handled.ranges.length && seq < to; i += 2) {
      const known = channel.handled.ranges[i] ?? to;
      this.#settleRange(channel, seq, Math.min(known, to));
      seq = Math.max(seq, channel.handled.ranges[i + 1] ?? to);
    }
    channel.handled.add(from, to);
  }

  #settleRange(channel: SendChannel, from: Position, to: Position): void {
    for (let seq = from; seq < to; seq++) {
      this.#hasMoved = true;
      const message = channel.ring.get(seq);
      if (message === undefined) continue;
      if (message.state === 'settled') this.#outbox.letGo(channel, message);
      else this.#outbox.settle(message, HANDLED);
    }
  }
}

function unknown(entry: ChannelAck): WilcoError | undefined {
  if (entry.received === 1) return undefined;
  return new WilcoError(
    'WILCO_ACK_OUT_OF_RANGE',
    `the peer acknowledged channel ${String(entry.channel)}, which was never used`,
  );
}

/** What was never wholly written can not have been received. */
function outOfRange(channel: SendChannel, entry: ChannelAck): WilcoError | undefined {
  const { written, number } = channel;
  if (entry.received > written) {
    return new WilcoError(
      'WILCO_ACK_OUT_OF_RANGE',
      `the peer acknowledged ${String(entry.received - 1)} in channel ${String(number)}, the last sent is ${String(written - 1)}`,
    );
  }
  const { partial } = entry;
  if (partial === undefined) return undefined;
  const sent = writtenBytesOf(channel, partial.seq);
  if (sent > 0 && partial.offset <= sent) return undefined;
  return new WilcoError(
    'WILCO_ACK_OUT_OF_RANGE',
    `the peer acknowledged ${String(partial.offset)} bytes of ${String(partial.seq)} in channel ${String(number)}, ${String(sent)} were sent`,
  );
}

/** How many bytes of a message were ever put on a connection of this session. */
function writtenBytesOf(channel: SendChannel, seq: Seq): number {
  if (seq === channel.written) return channel.writtenPart;
  if (seq > channel.written) return 0;
  const message = channel.ring.get(seq);
  return message === undefined || message.state === 'settled'
    ? Infinity
    : message.payload.byteLength;
}
