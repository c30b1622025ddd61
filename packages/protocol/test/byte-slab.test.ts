import { describe, expect, test } from 'vitest';
import { ByteSlab } from '@wilco/protocol';

describe('a slab of bytes', () => {
  test('a copy is touched neither by what is copied after it nor by its original', () => {
    const slab = new ByteSlab(64);
    const original = new Uint8Array([1, 2, 3]);
    const copies = Array.from({ length: 50 }, (_, index) => {
      original.fill(index);
      return slab.copy(original);
    });
    original.fill(255);
    expect(copies.map(([first]) => first)).toEqual(copies.map((_, index) => index));
  });

  test('small copies share memory, and keep no more of it alive than a slab', () => {
    const slab = new ByteSlab(64);
    const copies = Array.from({ length: 100 }, () => slab.copy(new Uint8Array(10)));
    expect(new Set(copies.map(({ buffer }) => buffer)).size).toBe(17);
    expect(Math.max(...copies.map(({ buffer }) => buffer.byteLength))).toBe(64);
  });

  test('what is not small has memory of its own, and keeps nothing else alive', () => {
    const copy = new ByteSlab(64).copy(new Uint8Array(17).fill(7));
    expect(copy).toEqual(new Uint8Array(17).fill(7));
    expect(copy.buffer.byteLength).toBe(17);
  });

  test('a view into something larger is copied alone', () => {
    const copy = new ByteSlab(64).copy(new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
    expect([...copy]).toEqual([2, 3]);
  });
});
