import { LIMITS, type AckFrame, type ChannelAck, type PartialAck } from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkCount, checkRange } from './checks.ts';
import { readFields } from './fields.ts';
import { VARINT_MAX_BYTES } from './varint.ts';
import { ACK_HAS_PARTIAL, ACK_HAS_RANGES, KINDS } from './wire.ts';

/** Ranges that would take a frame beyond this are left out: the rest surely fits. */
const ROOM_FOR_RANGES_BYTES = 60_000;

const NOTHING = new Uint8Array(0);
const NO_RANGES: readonly number[] = Object.freeze([]);
const NO_CHANNELS: readonly ChannelAck[] = Object.freeze([]);

/** Writes an ACK. Ranges that do not fit a frame are left out, which denies nothing. */
export function writeAck(writer: ByteWriter, frame: AckFrame, hasChecksum: boolean): void {
  writer.begin(KINDS.ack, 16 + 16 * frame.channels.length);
  writeAckBody(writer, frame);
  writer.finish(NOTHING, hasChecksum);
}

/** Writes the body of an ACK, as WELCOME and READY carry it too. */
export function writeAckBody(writer: ByteWriter, frame: AckFrame): void {
  checkRange('the number of an ACK', frame.number, 1, Number.MAX_SAFE_INTEGER);
  checkCount('channels', frame.channels, LIMITS.channels);
  writer.varint(frame.number);
  writer.varint(frame.delayUs);
  writer.varint(frame.window.messages);
  writer.varint(frame.window.bytes);
  writer.varint(frame.channels.length);
  let lastChannel = -1;
  for (const channel of frame.channels) {
    checkRange('the channel of an ACK', channel.channel, lastChannel + 1, Number.MAX_SAFE_INTEGER);
    lastChannel = channel.channel;
    writeChannel(writer, channel);
  }
}

function writeChannel(writer: ByteWriter, ack: ChannelAck): void {
  const { received, handled, ranges, partial, window } = ack;
  checkRange('received', received, 1, Number.MAX_SAFE_INTEGER);
  checkRange('handled', handled, 1, received);
  const hasRanges =
    ranges.length > 0 &&
    writer.frameBytes + ranges.length * VARINT_MAX_BYTES <= ROOM_FOR_RANGES_BYTES;
  writer.varint(ack.channel);
  writer.byte((hasRanges ? ACK_HAS_RANGES : 0) | (partial === undefined ? 0 : ACK_HAS_PARTIAL));
  writer.varint(received);
  writer.varint(received - handled);
  writer.varint(window.messages);
  writer.varint(window.bytes);
  if (hasRanges) writeRanges(writer, ranges, handled, received);
  if (partial !== undefined) writePartial(writer, partial, received);
}

function writeRanges(
  writer: ByteWriter,
  ranges: readonly number[],
  handled: number,
  received: number,
): void {
  checkRange('the length of ranges', ranges.length / 2, 1, LIMITS.ackRanges);
  writer.varint(ranges.length / 2);
  let end = handled;
  for (const bound of ranges) {
    checkRange('a bound of a range', bound, end + 1, received);
    writer.varint(bound - end);
    end = bound;
  }
}

function writePartial(writer: ByteWriter, partial: PartialAck, received: number): void {
  checkRange('the seq of a partial message', partial.seq, received, Number.MAX_SAFE_INTEGER);
  checkRange('granted', partial.granted, partial.offset, Number.MAX_SAFE_INTEGER);
  writer.varint(partial.seq);
  writer.varint(partial.offset);
  writer.varint(partial.granted);
}

/** Reads the body of an ACK to the end of what holds it. */
export function readAck(reader: ByteReader): AckFrame {
  const number = reader.seq('the number');
  const delayUs = reader.varint('the delay');
  const window = readWindow(reader);
  const count = reader.count('the count of channels', LIMITS.channels, 6);
  const channels = count === 0 ? NO_CHANNELS : readChannels(reader, count);
  if (reader.remaining > 0) readFields(reader);
  return { kind: 'ack', number, delayUs, window, channels };
}

function readChannels(reader: ByteReader, count: number): ChannelAck[] {
  const channels: ChannelAck[] = [];
  let lastChannel = -1;
  for (let i = 0; i < count; i++) {
    const ack = readChannel(reader);
    if (ack.channel <= lastChannel) throw reader.malformed('channels do not ascend');
    lastChannel = ack.channel;
    channels.push(ack);
  }
  return channels;
}

function readChannel(reader: ByteReader): ChannelAck {
  const channel = reader.varint('a channel');
  const flags = reader.flags('the flags of a channel', ACK_HAS_RANGES | ACK_HAS_PARTIAL);
  const received = reader.seq('received');
  const handled = received - reader.number('received - handled', 0, received - 1);
  const window = readWindow(reader);
  const ranges = (flags & ACK_HAS_RANGES) === 0 ? NO_RANGES : readRanges(reader, handled, received);
  const partial = (flags & ACK_HAS_PARTIAL) === 0 ? undefined : readPartial(reader, received);
  return { channel, received, handled, ranges, window, partial };
}

function readWindow(reader: ByteReader): ChannelAck['window'] {
  const messages = reader.varint('window messages');
  return { messages, bytes: reader.varint('window bytes') };
}

function readRanges(reader: ByteReader, handled: number, received: number): number[] {
  const count = reader.count('the count of ranges', LIMITS.ackRanges, 2);
  if (count === 0) throw reader.malformed('ranges are announced and empty');
  const ranges: number[] = [];
  let end = handled;
  for (let i = 0; i < count; i++) {
    const from = end + reader.seq('a gap');
    end = from + reader.seq('the length of a range');
    if (end > received) throw reader.malformed('a range ends beyond received');
    ranges.push(from, end);
  }
  return ranges;
}

function readPartial(reader: ByteReader, received: number): PartialAck {
  const seq = reader.number('the seq of a partial message', received, Number.MAX_SAFE_INTEGER);
  const offset = reader.varint('the offset');
  const granted = reader.number('granted', offset, Number.MAX_SAFE_INTEGER);
  return { seq, offset, granted };
}
