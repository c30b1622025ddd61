import {
  LIMITS,
  type CancelFrame,
  type CloseAckFrame,
  type CloseFrame,
  type CredentialsFrame,
  type NoticeFrame,
  type NumberedName,
  type PingFrame,
  type ProbeAckFrame,
  type ProbeFrame,
  type StatusAckFrame,
  type StatusFrame,
  type TypesFrame,
  type VoidFrame,
} from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkBytes, checkCount, checkRange, placeOf } from './checks.ts';
import { readElsewhere, writeElsewhere } from './elsewhere.ts';
import { readFields } from './fields.ts';
import { readAfter, readCode, readReason, writeAfter, writeCode, writeReason } from './reasons.ts';
import { readStarted, writeStarted } from './started-positions.ts';
import { CLOSE_MODES, FIELD_AGE, NOTICES, STATUSES, VOID_REASONS } from './wire.ts';

// Each function writes or reads the body of one kind; PROTOCOL.md, section 2.5, has the tables.

export function writeTypes(writer: ByteWriter, frame: TypesFrame): void {
  checkCount('types', frame.types, LIMITS.messageTypes);
  checkCount('channels', frame.channels, LIMITS.channels);
  writeNames(writer, 'the name of a type', frame.types, LIMITS.typeNameBytes);
  writeNames(writer, 'the name of a channel', frame.channels, LIMITS.channelNameBytes);
}

export function readTypes(reader: ByteReader): TypesFrame {
  const types = readNames(reader, 'type', LIMITS.messageTypes, LIMITS.typeNameBytes);
  const channels = readNames(reader, 'channel', LIMITS.channels, LIMITS.channelNameBytes);
  readFields(reader);
  return { kind: 'types', types, channels };
}

function writeNames(
  writer: ByteWriter,
  what: string,
  names: readonly NumberedName[],
  maxBytes: number,
): void {
  writer.varint(names.length);
  for (const { number, name } of names) {
    writer.varint(number);
    writer.text(what, name, 1, maxBytes);
  }
}

function readNames(
  reader: ByteReader,
  what: string,
  most: number,
  maxBytes: number,
): NumberedName[] {
  const count = reader.count(`the count of ${what}s`, most, 3);
  const names: NumberedName[] = [];
  for (let i = 0; i < count; i++) {
    const number = reader.varint(`the number of a ${what}`);
    names.push({ number, name: reader.text(`the name of a ${what}`, 1, maxBytes) });
  }
  return names;
}

export function writeCredentials(writer: ByteWriter, frame: CredentialsFrame): void {
  checkBytes('credentials', frame.credentials, 0, LIMITS.credentialsBytes);
  writer.blob(frame.credentials);
}

export function readCredentials(reader: ByteReader): CredentialsFrame {
  const count = reader.number('the size of the credentials', 0, LIMITS.credentialsBytes);
  const credentials = reader.copy('the credentials', count);
  readFields(reader);
  return { kind: 'credentials', credentials };
}

export function writeVoid(writer: ByteWriter, frame: VoidFrame): void {
  checkRange('from', frame.from, 1, Number.MAX_SAFE_INTEGER);
  checkRange('to', frame.to, frame.from + 1, Number.MAX_SAFE_INTEGER);
  writer.varint(frame.channel);
  writer.varint(frame.from);
  writer.varint(frame.to - frame.from);
  writer.byte(placeOf('reason', VOID_REASONS, frame.reason));
}

export function readVoid(reader: ByteReader): VoidFrame {
  const channel = reader.varint('the channel');
  const from = reader.seq('from');
  const to = from + reader.number('the count', 1, Number.MAX_SAFE_INTEGER - from);
  const reason = reader.choice('the reason', VOID_REASONS);
  readFields(reader);
  return { kind: 'void', channel, from, to, reason };
}

export function writeCancel(writer: ByteWriter, frame: CancelFrame): void {
  checkRange('channel', frame.channel, 1, Number.MAX_SAFE_INTEGER);
  checkRange('seq', frame.seq, 1, Number.MAX_SAFE_INTEGER);
  writer.varint(frame.channel);
  writer.varint(frame.seq);
}

export function readCancel(reader: ByteReader): CancelFrame {
  const channel = reader.seq('the channel');
  const seq = reader.seq('seq');
  readFields(reader);
  return { kind: 'cancel', channel, seq };
}

export function writeProbe(writer: ByteWriter, frame: ProbeFrame): void {
  writer.varint(frame.nonce);
  writer.varint(frame.written);
}

export function readProbe(reader: ByteReader): ProbeFrame {
  const nonce = reader.varint('the nonce');
  const written = reader.varint('written');
  readFields(reader);
  return { kind: 'probe', nonce, written };
}

export function writeProbeAck(writer: ByteWriter, frame: ProbeAckFrame): void {
  writer.varint(frame.nonce);
  writer.varint(frame.seen);
}

export function readProbeAck(reader: ByteReader): ProbeAckFrame {
  const nonce = reader.varint('the nonce');
  const seen = reader.varint('seen');
  readFields(reader);
  return { kind: 'probeAck', nonce, seen };
}

export function writePing(writer: ByteWriter, frame: PingFrame): void {
  writer.varint(frame.written);
}

export function readPing(reader: ByteReader): PingFrame {
  const written = reader.varint('written');
  readFields(reader);
  return { kind: 'ping', written };
}

export function writeStatus(writer: ByteWriter, frame: StatusFrame): void {
  writer.varint(frame.query);
  writer.text('the message id', frame.id, 1, LIMITS.messageIdBytes);
  if (frame.ageMs === undefined) return;
  checkRange('ageMs', frame.ageMs, 0, Number.MAX_SAFE_INTEGER);
  writer.varint(FIELD_AGE);
  const mark = writer.beginBlob();
  writer.varint(frame.ageMs);
  writer.endBlob(mark);
}

export function readStatus(reader: ByteReader): StatusFrame {
  const query = reader.varint('the query');
  const id = reader.text('the message id', 1, LIMITS.messageIdBytes);
  let ageMs: number | undefined;
  readFields(reader, (tag) => {
    if (tag !== FIELD_AGE) return false;
    ageMs = reader.varint('the age');
    return true;
  });
  return { kind: 'status', query, id, ageMs };
}

export function writeStatusAck(writer: ByteWriter, frame: StatusAckFrame): void {
  writer.varint(frame.query);
  writer.byte(placeOf('status', STATUSES, frame.status));
  writeReason(writer, frame.reason);
}

export function readStatusAck(reader: ByteReader): StatusAckFrame {
  const query = reader.varint('the query');
  const status = reader.choice('the status', STATUSES);
  const reason = readReason(reader);
  readFields(reader);
  return { kind: 'statusAck', query, status, reason };
}

export function writeClose(writer: ByteWriter, frame: CloseFrame): void {
  writer.byte(placeOf('mode', CLOSE_MODES, frame.mode));
  writeCode(writer, frame.code);
  writeReason(writer, frame.reason);
  writeAfter(writer, frame.retryAfterMs);
  writeElsewhere(writer, frame);
}

export function readClose(reader: ByteReader): CloseFrame {
  const mode = reader.choice('the mode', CLOSE_MODES);
  const code = readCode(reader);
  const reason = readReason(reader);
  const retryAfterMs = readAfter(reader);
  return { kind: 'close', mode, code, reason, retryAfterMs, elsewhere: readElsewhere(reader) };
}

export function writeCloseAck(writer: ByteWriter, frame: CloseAckFrame): void {
  writeStarted(writer, frame.channels);
}

export function readCloseAck(reader: ByteReader): CloseAckFrame {
  const channels = readStarted(reader);
  readFields(reader);
  return { kind: 'closeAck', channels };
}

export function writeNotice(writer: ByteWriter, frame: NoticeFrame): void {
  writer.byte(placeOf('notice', NOTICES, frame.notice));
  writeAfter(writer, frame.afterMs);
  writeElsewhere(writer, frame);
}

export function readNotice(reader: ByteReader): NoticeFrame {
  const notice = reader.choice('the notice', NOTICES);
  const afterMs = readAfter(reader);
  return { kind: 'notice', notice, afterMs, elsewhere: readElsewhere(reader) };
}
