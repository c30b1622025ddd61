import { Progress } from '@wilco/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** The same in the plainest way: a set of all seqs. */
class Model {
  readonly #done = new Set<number>();

  add(from: number, to: number): void {
    for (let seq = from; seq < to; seq++) this.#done.add(seq);
  }

  get position(): number {
    let position = 1;
    while (this.#done.has(position)) position += 1;
    return position;
  }

  get ranges(): number[] {
    const ranges: number[] = [];
    for (let seq = this.position + 1; seq <= 40; seq++) {
      if (this.#done.has(seq) && !this.#done.has(seq - 1)) ranges.push(seq);
      if (!this.#done.has(seq) && this.#done.has(seq - 1)) ranges.push(seq);
    }
    return ranges;
  }

  has(seq: number): boolean {
    return this.#done.has(seq);
  }
}

function compare(progress: Progress, model: Model): void {
  expect(progress.position).toBe(model.position);
  expect(progress.ranges).toEqual(model.ranges);
  for (let seq = 1; seq <= 40; seq++) expect(progress.has(seq)).toBe(model.has(seq));
}

describe('a position and the ranges beyond it', () => {
  test('nothing yet is position 1', () => {
    expect(new Progress().position).toBe(1);
    expect(new Progress().ranges).toEqual([]);
    expect(new Progress().has(1)).toBe(false);
  });

  test('are half open: every pair of ranges up to 8 means what a set of seqs means', () => {
    for (let a = 1; a <= 8; a++) {
      for (let b = a; b <= 8; b++) {
        for (let c = 1; c <= 8; c++) {
          for (let d = c; d <= 8; d++) {
            const progress = new Progress();
            const model = new Model();
            for (const [from, to] of [
              [a, b],
              [c, d],
            ] as const) {
              progress.add(from, to);
              model.add(from, to);
            }
            compare(progress, model);
          }
        }
      }
    }
  });

  test('grow only, whatever is added in whatever order', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 0, max: 6 }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
        const progress = new Progress();
        const model = new Model();
        for (const [from, count] of ranges) {
          const before = progress.position;
          progress.add(from, from + count);
          model.add(from, from + count);
          expect(progress.position).toBeGreaterThanOrEqual(before);
          compare(progress, model);
        }
      }),
      { numRuns: 150 },
    );
  });
});
