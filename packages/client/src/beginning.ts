import type { Clock } from '@wilco/endpoint';

/** The time until the store is open and there is a session, or there will be none. */
export class Beginning {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whoever waits goes on. */
  over(): void {
    this.#isOver = true;
    for (const tell of this.#waiting.splice(0)) tell();
  }

  /** Resolves when it is over, and after `waitMs` at the latest. Milliseconds, `Infinity` for no limit. */
  wait(waitMs: number): Promise<void> {
    if (this.#isOver || waitMs === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.#clock.schedule(this.#clock.nowMs() + waitMs, resolve);
      this.#waiting.push(() => {
        stop();
        resolve();
      });
    });
  }
}
