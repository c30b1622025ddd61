import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process saw of itself. */
export interface Watched {
  /** Resident memory, each second. Bytes. */
  readonly memoryBytes: readonly number[];
  /** How late the event loop was: of a thousand times the worst but one. Milliseconds. */
  readonly loopDelayMs: number;
}

const SAMPLE_MS = 1_000;
/** How often the event loop is looked at. Milliseconds. */
const RESOLUTION_MS = 1;
const PERCENTILE = 99.9;

/** Watches the memory and the event loop of this process. */
export class ProcessWatch {
  readonly #memoryBytes: number[] = [];
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer = setInterval(() => {
    this.#memoryBytes.push(process.memoryUsage.rss());
  }, SAMPLE_MS);

  constructor() {
    this.#delays.enable();
  }

  stop(): Watched {
    clearInterval(this.#timer);
    this.#delays.disable();
    // What is written down is the time from one look to the next.
    const delayMs = this.#delays.percentile(PERCENTILE) / 1e6 - RESOLUTION_MS;
    return { memoryBytes: this.#memoryBytes, loopDelayMs: Math.max(0, delayMs) };
  }
}
