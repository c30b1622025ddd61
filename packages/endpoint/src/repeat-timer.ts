import type { Clock } from './clock.ts';

/** The wait before the first repetition; it doubles with each. Milliseconds. */
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** Says something again and again, where frames may get lost, until somebody stops it. */
export class RepeatTimer {
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `repeat` after a second, then after twice as long, and so on. Replaces what it did before. */
  start(repeat: () => void): void {
    this.stop();
    this.#schedule(repeat, FIRST_MS);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(repeat: () => void, waitMs: number): void {
    this.#cancel = this.#clock.schedule(this.#clock.nowMs() + waitMs, () => {
      this.#schedule(repeat, Math.min(waitMs * 2, LONGEST_MS));
      repeat();
    });
  }
}
