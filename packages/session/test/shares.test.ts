import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Shares } from '../src/shares.ts';

interface Item {
  readonly scope: string;
  readonly place: number;
}

describe('shares', () => {
  test('give first the oldest of whoever has most, whatever came and went', () => {
    const step = fc.record({
      scope: fc.constantFrom('a', 'b', 'c'),
      removes: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const shares = new Shares<Item>();
        const there: Item[] = [];
        for (const [place, { scope, removes }] of steps.entries()) {
          if (removes === undefined) {
            const item = { scope, place };
            there.push(item);
            shares.add(item);
          } else if (there.length > 0) {
            const [gone] = there.splice(removes % there.length, 1);
            if (gone !== undefined) shares.remove(gone);
          }
          const { next } = shares;
          const countOf = (whose: string): number =>
            there.filter((item) => item.scope === whose).length;
          if (next === undefined) expect(there).toEqual([]);
          else {
            expect(countOf(next.scope)).toBe(Math.max(...['a', 'b', 'c'].map(countOf)));
            expect(there.find((item) => item.scope === next.scope)).toBe(next);
          }
        }
      }),
    );
  });

  test('do not mind what is not there', () => {
    const shares = new Shares<Item>();
    const item = { scope: 'a', place: 1 };
    shares.remove(item);
    shares.add(item);
    shares.add(item);
    shares.remove(item);
    shares.remove(item);
    expect(shares.next).toBeUndefined();
  });
});
