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
      fc.constant({ kind: 'push' as const, at: 0 }),
      fc.record({ kind: fc.constant('clear' as const), at: fc.nat(60) }),
      fc.record({ kind: fc.constant('trim' as const), at: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 53 - 200 }), fc.array(step), (base, steps) => {
        const ring = new SeqRing<number>(base);
        const model = new Map<number, number>();
        let end = base;
        let low = base;
        for (const { kind, at } of steps) {
          if (kind === 'push') {
            model.set(end, end);
            expect(ring.push(end)).toBe(end);
            end += 1;
          } else if (kind === 'clear') {
            ring.clear(base + at);
            model.delete(base + at);
          } else {
            ring.trim(base + at);
            while (low < Math.min(base + at, end) && !model.has(low)) low += 1;
          }
          expect([ring.base, ring.end]).toEqual([low, end]);
          expect([...ring.items()]).toEqual([...model.values()].filter((seq) => seq >= low));
        }
      }),
      { numRuns: 300 },
    );
  });
});
