import {
  ANSWER_CHANNEL,
  DEFAULT_CHANNEL,
  LIMITS,
  type AnswerFrame,
  type ChannelNumber,
  type Extension,
  type FragmentFrame,
  type MessageFrame,
} from '@wilco/protocol';
import { readAnswer } from './answer-frame.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkPayload, checkRange } from './checks.ts';
import {
  checkTotal,
  NO_EXTENSIONS,
  readMessageFields,
  writeMessageFields,
} from './message-fields.ts';
import {
  HEAD_MESSAGE,
  KINDS,
  MESSAGE_ACK_NOW,
  MESSAGE_HAS_CHANNEL,
  MESSAGE_HAS_FIELDS,
  MESSAGE_HAS_TTL,
  MESSAGE_IS_RESENT,
  MESSAGE_RESERVED,
} from './wire.ts';

/** Bytes of a header without fields, about: it only saves moving them. */
const HEADER_BYTES = 16;

/** Writes a MESSAGE in a channel other than that of answers. */
export function writeMessage(writer: ByteWriter, frame: MessageFrame, hasChecksum: boolean): void {
  const { channel, payload, extensions } = frame;
  checkRange('channel', channel, 1, Number.MAX_SAFE_INTEGER);
  checkRange('seq', frame.seq, 1, Number.MAX_SAFE_INTEGER);
  checkPayload(payload, 0);
  const hasFields =
    frame.totalBytes !== undefined || frame.id !== undefined || extensions.length > 0;
  writer.begin(
    HEAD_MESSAGE |
      (channel === DEFAULT_CHANNEL ? 0 : MESSAGE_HAS_CHANNEL) |
      (frame.ttlMs === undefined ? 0 : MESSAGE_HAS_TTL) |
      (frame.isResent ? MESSAGE_IS_RESENT : 0) |
      (frame.ackNow ? MESSAGE_ACK_NOW : 0) |
      (hasFields ? MESSAGE_HAS_FIELDS : 0),
    payload.length + HEADER_BYTES,
  );
  if (channel !== DEFAULT_CHANNEL) writer.varint(channel);
  writer.varint(frame.seq);
  writer.varint(frame.type);
  if (frame.ttlMs !== undefined) {
    checkRange('ttlMs', frame.ttlMs, 0, LIMITS.durationMs);
    writer.varint(frame.ttlMs);
  }
  if (hasFields) {
    writeMessageFields(writer, frame.totalBytes, frame.id, extensions, payload.length);
  }
  writer.finish(payload, hasChecksum);
}

/** Reads a frame whose head has the bit of MESSAGE: a message, or an answer in channel 0. */
export function readMessageOrAnswer(reader: ByteReader): MessageFrame | AnswerFrame {
  const { head } = reader;
  if ((head & MESSAGE_RESERVED) !== 0) throw reader.malformed('reserved bits of the head are set');
  const channel = readChannel(reader, head);
  const seq = reader.seq('seq');
  if (channel === ANSWER_CHANNEL) return readAnswer(reader, seq);
  const type = reader.varint('the type');
  const ttlMs =
    (head & MESSAGE_HAS_TTL) === 0 ? undefined : reader.number('the ttl', 0, LIMITS.durationMs);
  let totalBytes: number | undefined;
  let id: string | undefined;
  let extensions: readonly Extension[] = NO_EXTENSIONS;
  if ((head & MESSAGE_HAS_FIELDS) !== 0) {
    ({ totalBytes, id, extensions } = readMessageFields(reader));
  }
  const payload = reader.rest('the payload', LIMITS.fragmentBytes);
  checkTotal(reader, totalBytes, payload);
  return {
    kind: 'message',
    channel,
    seq,
    type,
    ttlMs,
    id,
    isResent: (head & MESSAGE_IS_RESENT) !== 0,
    ackNow: (head & MESSAGE_ACK_NOW) !== 0,
    totalBytes,
    extensions,
    payload,
  };
}

/** Channel 1 is said by leaving it out. */
function readChannel(reader: ByteReader, head: number): ChannelNumber {
  if ((head & MESSAGE_HAS_CHANNEL) === 0) return DEFAULT_CHANNEL;
  const channel = reader.varint('the channel');
  if (channel === DEFAULT_CHANNEL) throw reader.malformed('channel 1 is written out');
  return channel;
}

/** Writes a FRAGMENT. */
export function writeFragment(
  writer: ByteWriter,
  frame: FragmentFrame,
  hasChecksum: boolean,
): void {
  checkRange('seq', frame.seq, 1, Number.MAX_SAFE_INTEGER);
  checkPayload(frame.payload, 1);
  checkRange('offset', frame.offset, 1, Number.MAX_SAFE_INTEGER - frame.payload.length);
  writer.begin(KINDS.fragment, frame.payload.length + HEADER_BYTES);
  writer.varint(frame.channel);
  writer.varint(frame.seq);
  writer.varint(frame.offset);
  writer.finish(frame.payload, hasChecksum);
}

/** Reads a FRAGMENT. */
export function readFragment(reader: ByteReader): FragmentFrame {
  const channel = reader.varint('the channel');
  const seq = reader.seq('seq');
  const offset = reader.seq('the offset');
  const payload = reader.rest('the payload', LIMITS.fragmentBytes);
  if (payload.length === 0) throw reader.malformed('the payload is empty');
  if (offset + payload.length > Number.MAX_SAFE_INTEGER) {
    throw reader.malformed('the payload goes beyond 2^53 - 1');
  }
  return { kind: 'fragment', channel, seq, offset, payload };
}
