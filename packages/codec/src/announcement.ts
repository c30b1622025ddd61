import { LIMITS, type Announcement } from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkRange, placeOf } from './checks.ts';
import { ANNOUNCEMENT_HAS_INTEGRITY, WORTH_BITS, WORTHS } from './wire.ts';

const WAIT_MS_MIN = 100;

/** Writes what WELCOME and READY announce. */
export function writeAnnouncement(writer: ByteWriter, announcement: Announcement): void {
  writeDuration(writer, 'waitMs', announcement.waitMs, WAIT_MS_MIN);
  writeDuration(writer, 'ackDelayMs', announcement.ackDelayMs, 0);
  writeDuration(writer, 'handlerTimeoutMs', announcement.handlerTimeoutMs, 0);
  writeDuration(writer, 'handlerGraceMs', announcement.handlerGraceMs, 0);
  writeDuration(writer, 'resumeWindowMs', announcement.resumeWindowMs, 0);
  checkRange('maxMessageBytes', announcement.maxMessageBytes, 1, LIMITS.messageBytes);
  writer.varint(announcement.maxMessageBytes);
  writer.byte(
    placeOf('worth', WORTHS, announcement.worth) |
      (announcement.hasIntegrity ? ANNOUNCEMENT_HAS_INTEGRITY : 0),
  );
  writer.varint(announcement.features);
}

function writeDuration(
  writer: ByteWriter,
  what: string,
  durationMs: number,
  leastMs: number,
): void {
  checkRange(what, durationMs, leastMs, LIMITS.durationMs);
  writer.varint(durationMs);
}

/** Reads what WELCOME and READY announce. */
export function readAnnouncement(reader: ByteReader): Announcement {
  const waitMs = reader.number('the wait', WAIT_MS_MIN, LIMITS.durationMs);
  const ackDelayMs = reader.number('the ack delay', 0, LIMITS.durationMs);
  const handlerTimeoutMs = reader.number('the handler timeout', 0, LIMITS.durationMs);
  const handlerGraceMs = reader.number('the handler grace', 0, LIMITS.durationMs);
  const resumeWindowMs = reader.number('the resume window', 0, LIMITS.durationMs);
  const maxMessageBytes = reader.number('the largest message', 1, LIMITS.messageBytes);
  const flags = reader.flags(
    'the flags of the announcement',
    WORTH_BITS | ANNOUNCEMENT_HAS_INTEGRITY,
  );
  return {
    waitMs,
    ackDelayMs,
    handlerTimeoutMs,
    handlerGraceMs,
    resumeWindowMs,
    maxMessageBytes,
    worth: reader.chosen('the worth', WORTHS, flags & WORTH_BITS),
    hasIntegrity: (flags & ANNOUNCEMENT_HAS_INTEGRITY) !== 0,
    features: reader.varint('the features'),
  };
}
