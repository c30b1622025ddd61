import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SeqRing } from '../src/seq-ring.ts';

describe('a ring of items by seq', () => {
  test('begins at 1, and at 1 there is a place like any other', () => {
    const ring = new SeqRing<string>();
    expect(ring.base).toBe(1);
    expect(ring.push('first')).toBe(1);
    expect(ring.get(1)).toBe('first');
    expect(ring.get(0)).toBeUndefined();
    expect(ring.get(2)).toBeUndefined();
  });

  test('is a map with a window, through growing, emptying and trimming', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), at: fc.nat(40) }),
      fc.record({ kind: fc.constant('clear' as const), at: fc.nat(60) }),
      fc.record({ kind: fc.constant('trim' as const), at: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 53 - 10_000 }), fc.array(step), (base, steps) => {
        const ring = new SeqRing<number>(base);
        const model = new Map<number, number>();
        let end = base;
        let low = base;
        for (const { kind, at } of steps) {
          if (kind === 'push') {
            for (let i = 0; i <= at; i++) {
              model.set(end, end);
              expect(ring.push(end)).toBe(end);
              // Few stay.
              if (end % 7 > 0) {
                ring.clear(end);
                model.delete(end);
              }
              end += 1;
            }
          } else if (kind === 'clear') {
            ring.clear(base + at);
            model.delete(base + at);
          } else {
            ring.trim(base + at);
            while (low < Math.min(base + at, end) && !model.has(low)) low += 1;
          }
          expect([ring.base, ring.end]).toEqual([low, end]);
          expect(ring.get(base + at)).toBe(model.get(base + at));
          expect([...ring.items()]).toEqual([...model.values()].filter((seq) => seq >= low));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('takes memory for its items, not for the distance that a few of them have fallen behind', () => {
    const ring = new SeqRing<number>();
    for (let i = 0; i < 5; i++) ring.push(i);
    for (let i = 0; i < 1_000_000; i++) ring.clear(ring.push(i));
    expect(ring.base).toBe(1);
    expect(ring.size).toBeLessThan(64);
    expect([1, 2, 3, 4, 5].map((seq) => ring.get(seq))).toEqual([0, 1, 2, 3, 4]);
    for (let seq = 1; seq <= 5; seq++) ring.clear(seq);
    ring.trim(Infinity);
    expect(ring.base).toBe(1_000_006);
  });

  test('that was large and is empty lets its memory go', () => {
    const ring = new SeqRing<number>();
    for (let i = 0; i < 10_000; i++) ring.push(i);
    expect(ring.size).toBeGreaterThanOrEqual(10_000);
    for (let seq = 1; seq <= 10_000; seq++) ring.clear(seq);
    ring.trim(Infinity);
    expect(ring.size).toBe(0);
  });
});
