import type { Clock } from './clock.ts';

/** The one timer of an engine: never later than it wants to be woken, and perhaps earlier. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #armedAtMs = Infinity;
  #cancel: () => void = nothing;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Wakes at that time; where it is armed for something earlier it stays, and finds nothing due. */
  arm(dueMs: number): void {
    if (dueMs >= this.#armedAtMs) return;
    this.#cancel();
    this.#armedAtMs = dueMs;
    this.#cancel = this.#clock.schedule(dueMs, () => {
      this.#armedAtMs = Infinity;
      this.#cancel = nothing;
      // What has come until now is read first: this process may have been busy, or asleep.
      this.#clock.defer(this.#wake);
    });
  }

  stop(): void {
    this.#cancel();
    this.#cancel = nothing;
    this.#armedAtMs = Infinity;
  }
}

function nothing(): void {}
