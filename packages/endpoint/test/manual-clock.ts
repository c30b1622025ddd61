import type { Clock } from '../src/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock, and the event loop that goes with it, that stand still until told to move. */
export class ManualClock implements Clock {
  #nowMs = 1_000;
  readonly #timers = new Set<Timer>();
  #deferred: (() => void)[] = [];

  /** How many timers and deferred calls are armed. */
  get pending(): number {
    return this.#timers.size + this.#deferred.length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  schedule(atMs: number, run: () => void): () => void {
    const timer = { atMs: Math.max(atMs, this.#nowMs), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    for (let calm = 0; calm < 3; calm++) {
      await reactions();
      const deferred = this.#deferred;
      this.#deferred = [];
      if (deferred.length > 0) calm = 0;
      for (const run of deferred) run();
    }
  }

  /** Lets so much time pass, stopping at every timer on the way. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await this.settle();
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.run();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }

  /**
   * The process is kept busy for so long. Then its timers run, all that are due, before
   * what came in meanwhile (`input`) is read; what they deferred runs after that.
   */
  async keepBusy(forMs: number, input: () => void): Promise<void> {
    await this.settle();
    this.#nowMs += forMs;
    input();
    for (
      let timer = this.#next(this.#nowMs);
      timer !== undefined;
      timer = this.#next(this.#nowMs)
    ) {
      this.#timers.delete(timer);
      timer.run();
    }
    await this.settle();
  }

  #next(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs);
    return due.sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** Node.js calls back a `nextTick` of a reaction only after all reactions that there are. */
function reactions(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
