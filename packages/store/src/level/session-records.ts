import { Progress, type ReceivingRecord, type SendingRecord } from '@wilco/protocol';
import { RecordReader } from './record-reader.ts';
import type { RecordWriter } from './record-writer.ts';

/** What a record leaves out, because its key says it. */
type InKey = 'session' | 'channel';

/** Writes a record of a channel, seen by its sender. */
export function writeSending(writer: RecordWriter, record: Omit<SendingRecord, InKey>): void {
  const { name, next, first, reported, base, unsettled, unsettledBytes, ...times } = record;
  const { firstExpiryWallMs, oldestQueuedWallMs, ...rest } = times;
  assertCovered(rest);
  writer.text(name);
  writer.varint(next);
  writer.varint(reported);
  writer.varint(base);
  writer.varint(unsettled);
  writer.varint(unsettledBytes);
  writeTime(writer, firstExpiryWallMs);
  writeTime(writer, oldestQueuedWallMs);
  writer.varint(next - first);
}

/** Reads what {@link writeSending} wrote. */
export function readSending(key: string, value: unknown): Omit<SendingRecord, InKey> {
  const reader = new RecordReader(key, value);
  const record = {
    name: reader.text(),
    next: reader.varint(),
    reported: reader.varint(),
    base: reader.varint(),
    unsettled: reader.varint(),
    unsettledBytes: reader.varint(),
    firstExpiryWallMs: readTime(reader),
    oldestQueuedWallMs: readTime(reader),
  };
  // Older records end here.
  return { ...record, first: record.next - (reader.isAtEnd ? 0 : reader.varint()) };
}

/** Writes a record of a channel, seen by its receiver. */
export function writeReceiving(writer: RecordWriter, record: Omit<ReceivingRecord, InKey>): void {
  const { name, received, handled, ranges, startedBelow, ...rest } = record;
  assertCovered(rest);
  writer.text(name);
  writer.varint(received);
  writeRanges(writer, handled, ranges);
  writer.varint(startedBelow);
}

/** Reads what {@link writeReceiving} wrote. */
export function readReceiving(key: string, value: unknown): Omit<ReceivingRecord, InKey> {
  const reader = new RecordReader(key, value);
  const [name, received] = [reader.text(), reader.varint()];
  const { position: handled, ranges } = readProgress(reader);
  return { name, received, handled, ranges, startedBelow: reader.varint() };
}

/** What of the messages of a channel there is, one way. */
export interface LogState {
  /** One past the last message that was ever put. */
  readonly next: number;
  /** What was dropped; everything else below `next` is there. */
  readonly dropped: Progress;
}

/** Writes which messages of a channel there are. */
export function writeLogState(writer: RecordWriter, { next, dropped }: LogState): void {
  writer.varint(next);
  writeRanges(writer, dropped.position, dropped.ranges);
}

/** Reads what {@link writeLogState} wrote. */
export function readLogState(key: string, value: unknown): LogState {
  const reader = new RecordReader(key, value);
  return { next: reader.varint(), dropped: readProgress(reader) };
}

/** Writes something that is seldom written, in words. */
export function writeWords(writer: RecordWriter, value: unknown): void {
  writer.text(JSON.stringify(value, bytesAsText));
}

/** Reads what {@link writeWords} wrote. */
export function readWords(key: string, value: unknown): unknown {
  return JSON.parse(new RecordReader(key, value).text(), bytesFromText);
}

/** A time of the wall clock, to the millisecond, or none. */
export function writeTime(writer: RecordWriter, wallMs: number | undefined): void {
  writer.varint(wallMs === undefined ? 0 : Math.max(Math.round(wallMs), 0) + 1);
}

export function readTime(reader: RecordReader): number | undefined {
  const time = reader.varint();
  return time === 0 ? undefined : time - 1;
}

function writeRanges(writer: RecordWriter, position: number, ranges: readonly number[]): void {
  writer.varint(position);
  writer.varint(ranges.length);
  let before = position;
  for (const bound of ranges) {
    writer.varint(bound - before);
    before = bound;
  }
}

function readProgress(reader: RecordReader): Progress {
  const progress = new Progress(reader.varint());
  let before = progress.position;
  for (let left = reader.varint(); left > 0; left -= 2) {
    const from = before + reader.varint();
    before = from + reader.varint();
    progress.add(from, before);
  }
  return progress;
}

/** A field that is new in a record must be written as well: this does not compile until it is. */
const assertCovered: (rest: Readonly<Record<string, never>>) => void = () => {};

const BYTES = 'bytes:';

/** Text that begins like bytes is kept apart from them by a second mark. */
function bytesAsText(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `${BYTES}${Buffer.from(value).toString('hex')}`;
  return typeof value === 'string' && value.startsWith(BYTES) ? `${BYTES}:${value}` : value;
}

function bytesFromText(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith(BYTES)) return value;
  const rest = value.slice(BYTES.length);
  return rest.startsWith(':') ? rest.slice(1) : new Uint8Array(Buffer.from(rest, 'hex'));
}
