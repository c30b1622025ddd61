/** A message's place in its channel, from 1, never reused. */
export type Seq = number;

/** The next seq expected; nothing yet is 1. All ranges are half open: `[from, to)`. */
export type Position = number;

/** The position of a channel in which nothing has happened. */
export const FIRST_SEQ: Seq = 1;

/** Of a progress without any; nothing is ever put into it. */
const NO_RANGES: number[] = [];

/** The largest seq. At a million messages a second it lasts 285 years, so there is no wrap. */
export const MAX_SEQ = Number.MAX_SAFE_INTEGER;

/** Whether `value` can be a seq or a position. */
export function isSeq(value: number): boolean {
  return Number.isSafeInteger(value) && value >= FIRST_SEQ;
}

/**
 * A position and what is done beyond it, as sorted, disjoint, non-touching ranges.
 *
 * Grows monotonically: adding what is there already changes nothing. Adding at the
 * position, the usual case, costs constant time.
 */
export class Progress {
  #position: Position;
  /** `[from, to)` pairs, flat, ascending, all above the position. */
  #ranges = NO_RANGES;

  constructor(position: Position = FIRST_SEQ) {
    this.#position = position;
  }

  /** Everything below it is done. */
  get position(): Position {
    return this.#position;
  }

  /** What is done beyond the position: `[from, to)` pairs, flat, ascending. Do not change it. */
  get ranges(): readonly number[] {
    return this.#ranges;
  }

  /** Whether `seq` is done. */
  has(seq: Seq): boolean {
    if (seq < this.#position) return true;
    for (let i = 0; i < this.#ranges.length; i += 2) {
      if (seq < (this.#ranges[i] as number)) return false;
      if (seq < (this.#ranges[i + 1] as number)) return true;
    }
    return false;
  }

  /** Marks `[from, to)` as done. */
  add(from: Seq, to: Position = from + 1): void {
    if (to <= this.#position || to <= from) return;
    if (from <= this.#position) {
      this.#position = to;
      if (this.#ranges.length > 0) this.#swallow();
      return;
    }
    this.#insert(from, to);
  }

  /** Ranges that the grown position has reached become part of it. */
  #swallow(): void {
    let reached = 0;
    while (reached < this.#ranges.length && (this.#ranges[reached] as number) <= this.#position) {
      this.#position = Math.max(this.#position, this.#ranges[reached + 1] as number);
      reached += 2;
    }
    this.#ranges.splice(0, reached);
  }

  #insert(from: Seq, to: Position): void {
    if (this.#ranges === NO_RANGES) this.#ranges = [];
    const ranges = this.#ranges;
    let first = 0;
    while (first < ranges.length && (ranges[first + 1] as number) < from) first += 2;
    let last = first;
    let [low, high] = [from, to];
    while (last < ranges.length && (ranges[last] as number) <= to) {
      low = Math.min(low, ranges[last] as number);
      high = Math.max(high, ranges[last + 1] as number);
      last += 2;
    }
    ranges.splice(first, last - first, low, high);
  }
}
