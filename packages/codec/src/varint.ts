/** Bytes of the longest varint: 2^53 - 1. */
export const VARINT_MAX_BYTES = 8;

/** How many bytes `value` takes as a varint. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let limit = 0x80; value >= limit && bytes < VARINT_MAX_BYTES; limit *= 0x80) bytes++;
  return bytes;
}

/**
 * Writes `value` at `position`, where there is room for it, and returns the position behind.
 *
 * @throws `TypeError` unless it is a whole number from 0 to 2^53 - 1.
 */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`${String(value)} can not be a varint`);
  }
  let at = position;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return at + 1;
}
