import { crc32 as nativeCrc32 } from 'node:zlib';

/** Below it the call into native code costs more than the whole sum (measured on Node 20). */
const NATIVE_FROM_BYTES = 256;

/**
 * CRC-32 (IEEE 802.3, as in zlib) of `bytes[start, end)`.
 *
 * @param seed - The sum of what came before, to go on from it.
 */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  if (end - start < NATIVE_FROM_BYTES) return crc32BySlices(bytes, start, end, seed);
  return nativeCrc32(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start), seed);
}

/** Eight bytes a step: `TABLE[256 * n + byte]` is what `byte` does to the sum `n` bytes later. */
function crc32BySlices(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let sum = ~seed;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    const low =
      sum ^
      (at(bytes, i) |
        (at(bytes, i + 1) << 8) |
        (at(bytes, i + 2) << 16) |
        (at(bytes, i + 3) << 24));
    sum =
      at(TABLE, 1792 + (low & 255)) ^
      at(TABLE, 1536 + ((low >>> 8) & 255)) ^
      at(TABLE, 1280 + ((low >>> 16) & 255)) ^
      at(TABLE, 1024 + (low >>> 24)) ^
      at(TABLE, 768 + at(bytes, i + 4)) ^
      at(TABLE, 512 + at(bytes, i + 5)) ^
      at(TABLE, 256 + at(bytes, i + 6)) ^
      at(TABLE, at(bytes, i + 7));
  }
  for (; i < end; i++) sum = at(TABLE, (sum ^ at(bytes, i)) & 255) ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** An element that is known to be there. */
function at(array: Uint8Array | Int32Array, index: number): number {
  return array[index] as number;
}

const TABLE = buildTable();

function buildTable(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
    table[byte] = sum;
  }
  for (let i = 256; i < table.length; i++) {
    const before = at(table, i - 256);
    table[i] = at(table, before & 255) ^ (before >>> 8);
  }
  return table;
}
