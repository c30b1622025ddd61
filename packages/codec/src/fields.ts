import { LIMITS } from '@wilco/protocol';
import type { ByteReader } from './byte-reader.ts';

/**
 * Reads one known field of `count` bytes; says whether it knew the tag. What it leaves
 * unread of a known one is malformed.
 */
export type FieldReader = (tag: number, count: number) => boolean;

const KNOWS_NONE: FieldReader = () => false;

/** Reads the fields at the end of a frame other than MESSAGE: unknown even ones are skipped. */
export function readFields(reader: ByteReader, readField: FieldReader = KNOWS_NONE): void {
  let lastTag = 0;
  let unknown = 0;
  while (reader.remaining > 0) {
    const tag = readTag(reader, lastTag);
    lastTag = tag;
    const count = reader.varint('the size of a field');
    const outerEnd = reader.enter('a field', count);
    if (!readField(tag, count)) {
      unknown += 1;
      skipUnknown(reader, tag, unknown);
    }
    reader.leave(`field ${String(tag)}`, outerEnd);
  }
}

/** Reads a tag, which must be above the one before. */
export function readTag(reader: ByteReader, lastTag: number): number {
  const tag = reader.varint('the tag of a field');
  if (tag <= lastTag) throw reader.malformed(`field ${String(tag)} after field ${String(lastTag)}`);
  return tag;
}

/** Counts the unknown fields of a frame. */
export function checkUnknownCount(reader: ByteReader, unknown: number): void {
  if (unknown > LIMITS.extensions) {
    throw reader.malformed(`more than ${String(LIMITS.extensions)} unknown fields`);
  }
}

function skipUnknown(reader: ByteReader, tag: number, unknown: number): void {
  if (tag % 2 === 1) throw reader.malformed(`the critical field ${String(tag)} is unknown`);
  checkUnknownCount(reader, unknown);
  reader.view('an unknown field', reader.remaining);
}
