import { crc32 as nativeCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32 } from '../src/index.ts';

it('knows the check value of CRC-32', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
});

it('sums a part of the bytes as zlib does, whichever way it takes', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 700, size: 'max' });
  fc.assert(
    fc.property(bytes, fc.nat(), fc.nat(), fc.nat(), (all, one, other, seed) => {
      // Of no bytes at all, zlib.crc32 forgets the seed.
      const start = one % all.length;
      const end = start + 1 + (other % (all.length - start));
      expect(crc32(all, start, end, seed)).toBe(nativeCrc32(all.subarray(start, end), seed));
    }),
    { numRuns: 500 },
  );
});

it('sums each length on both sides of where it changes its way', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i * 7);
  for (let end = 240; end <= 300; end++) {
    expect(crc32(bytes, 3, end)).toBe(nativeCrc32(bytes.subarray(3, end)));
  }
});

it('goes on from the sum of what came before', () => {
  const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => i);
  expect(crc32(bytes, 10, 1_000, crc32(bytes, 0, 10))).toBe(nativeCrc32(bytes));
});

it('sums a view by its own offset', () => {
  const all = Uint8Array.from({ length: 1_000 }, (_, i) => i);
  expect(crc32(all.subarray(100, 900), 5, 700)).toBe(nativeCrc32(all.subarray(105, 800)));
});
