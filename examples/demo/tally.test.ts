import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tally } from './tally.ts';

const NOTHING_WRONG = { lost: 0, duplicated: 0, outOfOrder: 0, strange: 0 };

describe('tally', () => {
  test('finds nothing wrong with a copy, repeated lines included', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd')), (lines) => {
        expect(tally(lines, [...lines])).toEqual({ ...NOTHING_WRONG, arrived: lines.length });
      }),
    );
  });

  test('counts a line that is missing as lost', () => {
    expect(tally(['a', 'b', 'c'], ['a', 'c'])).toEqual({ ...NOTHING_WRONG, arrived: 2, lost: 1 });
  });

  test('counts each further copy of a line as a duplicate', () => {
    const counts = tally(['a', 'b'], ['a', 'a', 'b', 'a']);
    expect(counts).toEqual({ ...NOTHING_WRONG, arrived: 4, duplicated: 2 });
  });

  test('misses one of two equal lines', () => {
    expect(tally(['a', 'a'], ['a'])).toEqual({ ...NOTHING_WRONG, arrived: 1, lost: 1 });
  });

  test('counts a line that comes after a later one as out of order', () => {
    const counts = tally(['a', 'b', 'c'], ['c', 'a', 'b']);
    expect(counts).toEqual({ ...NOTHING_WRONG, arrived: 3, outOfOrder: 2 });
  });

  test('does not call a line late when an equal one was lost before it', () => {
    const counts = tally(['a', 'b', 'a', 'c'], ['b', 'a', 'c']);
    expect(counts).toEqual({ ...NOTHING_WRONG, arrived: 3, lost: 1 });
  });

  test('counts a line that nobody sent as strange', () => {
    expect(tally(['a'], ['a', 'x'])).toEqual({ ...NOTHING_WRONG, arrived: 2, strange: 1 });
  });
});
