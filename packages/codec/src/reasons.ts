import { LIMITS } from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { checkRange } from './checks.ts';
import { cutUtf8 } from './text.ts';

/** Writes a code; one that is too long is cut. */
export function writeCode(writer: ByteWriter, code: string): void {
  writer.text('code', cutUtf8(code, LIMITS.codeBytes), 0, LIMITS.codeBytes);
}

export function readCode(reader: ByteReader): string {
  return reader.text('the code', 0, LIMITS.codeBytes);
}

/** Writes a reason; one that is too long is cut. */
export function writeReason(writer: ByteWriter, reason: string): void {
  writer.text('reason', cutUtf8(reason, LIMITS.reasonBytes), 0, LIMITS.reasonBytes);
}

export function readReason(reader: ByteReader): string {
  return reader.text('the reason', 0, LIMITS.reasonBytes);
}

/** Writes a delay: 0 stands for none, anything else is one more than its milliseconds. */
export function writeAfter(writer: ByteWriter, afterMs: number | undefined): void {
  if (afterMs !== undefined) checkRange('the delay', afterMs, 0, LIMITS.durationMs);
  writer.varint(afterMs === undefined ? 0 : afterMs + 1);
}

export function readAfter(reader: ByteReader): number | undefined {
  const value = reader.number('the delay', 0, LIMITS.durationMs + 1);
  return value === 0 ? undefined : value - 1;
}
