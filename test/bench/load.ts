import type { Sender } from './peer.ts';

/** What a sender saw in an interval. */
export interface LoadResult {
  readonly acknowledged: number;
  readonly elapsedMs: number;
  /** CPU time that the process of the sender used meanwhile. Microseconds. */
  readonly cpuMicros: number;
  /** Round trips, where one message is in flight at a time. Microseconds. */
  readonly p50Micros: number | undefined;
  readonly p99Micros: number | undefined;
}

/** Round trips that are kept; further ones are counted only. */
const SAMPLES = 1_000_000;
/** How long the last messages may take. Milliseconds. */
const DRAIN_MS = 20_000;

/** Keeps a number of messages in flight, for as long as it is told to. */
export class Load {
  #sender: Sender | undefined;
  #inFlight = 0;
  #wanted = 0;
  #acknowledged = 0;
  #isPumping = false;
  #isStopping = false;
  #sentAtMs = 0;
  #samples = new Float64Array(0);
  #sampleCount = 0;
  #drained: () => void = () => {};
  readonly acknowledged = (count: number): void => this.#note(count);

  /** From now on messages go through this sender. */
  use(sender: Sender): void {
    this.#sender = sender;
  }

  /** Sends for a while, waits for the last acknowledgement, and says what it cost. */
  async run(inFlight: number, durationMs: number): Promise<LoadResult> {
    this.#wanted = inFlight;
    this.#acknowledged = 0;
    this.#isStopping = false;
    this.#samples = new Float64Array(inFlight === 1 ? SAMPLES : 0);
    this.#sampleCount = 0;
    const before = process.cpuUsage();
    const startedMs = performance.now();
    this.#pump();
    await delay(durationMs);
    this.#isStopping = true;
    await this.#drain();
    const elapsedMs = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(before);
    const sorted = this.#samples.subarray(0, this.#sampleCount).sort();
    return {
      acknowledged: this.#acknowledged,
      elapsedMs,
      cpuMicros: user + system,
      p50Micros: quantile(sorted, 0.5),
      p99Micros: quantile(sorted, 0.99),
    };
  }

  #note(count: number): void {
    this.#inFlight -= count;
    this.#acknowledged += count;
    if (this.#sampleCount < this.#samples.length) {
      this.#samples[this.#sampleCount] = (performance.now() - this.#sentAtMs) * 1_000;
      this.#sampleCount += 1;
    }
    if (!this.#isStopping) this.#pump();
    else if (this.#inFlight === 0) this.#drained();
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#inFlight < this.#wanted) {
      this.#inFlight += 1;
      if (this.#samples.length > 0) this.#sentAtMs = performance.now();
      this.#sender?.send();
    }
    this.#isPumping = false;
  }

  #drain(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => {
        reject(new Error(`${this.#inFlight} messages were not acknowledged in ${DRAIN_MS} ms`));
      }, DRAIN_MS);
      this.#drained = () => {
        clearTimeout(tooLate);
        resolve();
      };
    });
  }
}

function quantile(sorted: Float64Array, share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
