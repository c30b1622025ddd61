import type { Sender } from './peer.ts';

/** What the senders saw in an interval. */
export interface LoadResult {
  readonly acknowledged: number;
  readonly elapsedMs: number;
  /** CPU time that the process of the senders used meanwhile. Microseconds. */
  readonly cpuMicros: number;
  /** Round trips, where one message is in flight at a time. Microseconds. */
  readonly p50Micros: number | undefined;
  readonly p99Micros: number | undefined;
}

/** Round trips that are kept; further ones are counted only. */
const SAMPLES = 1_000_000;
/** How long the last messages may take. Milliseconds. */
const DRAIN_MS = 30_000;

/** Keeps a number of messages in flight on each connection, for as long as it is told to. */
export class Load {
  readonly #flows: Flow[] = [];
  readonly #run: LoadRun = {
    acknowledged: 0,
    wanted: 0,
    isStopping: false,
    samples: new Float64Array(0),
    sampleCount: 0,
    drained: () => {},
  };

  /** From now on messages go through this sender as well. */
  async add(start: (acknowledged: (count: number) => void) => Promise<Sender>): Promise<void> {
    const flow = new Flow(this.#run);
    flow.sender = await start(flow.acknowledged);
    this.#flows.push(flow);
  }

  /** Sends for a while, waits for the last acknowledgement, and says what it cost. */
  async run(inFlight: number, durationMs: number): Promise<LoadResult> {
    const run = this.#run;
    run.wanted = inFlight;
    run.acknowledged = 0;
    run.isStopping = false;
    run.samples = new Float64Array(inFlight === 1 && this.#flows.length === 1 ? SAMPLES : 0);
    run.sampleCount = 0;
    const before = process.cpuUsage();
    const startedMs = performance.now();
    for (const flow of this.#flows) flow.pump();
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    run.isStopping = true;
    await this.#drain();
    const elapsedMs = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(before);
    const sorted = run.samples.subarray(0, run.sampleCount).sort();
    return {
      acknowledged: run.acknowledged,
      elapsedMs,
      cpuMicros: user + system,
      p50Micros: quantile(sorted, 0.5),
      p99Micros: quantile(sorted, 0.99),
    };
  }

  async #drain(): Promise<void> {
    const until = performance.now() + DRAIN_MS;
    for (const flow of this.#flows) await flow.drain(until - performance.now());
  }
}

/** What the flows of a load have in common. */
interface LoadRun {
  acknowledged: number;
  wanted: number;
  isStopping: boolean;
  samples: Float64Array;
  sampleCount: number;
  drained: () => void;
}

/** The messages in flight on one connection. */
class Flow {
  readonly #run: LoadRun;
  sender: Sender | undefined;
  #inFlight = 0;
  #isPumping = false;
  #sentAtMs = 0;
  readonly acknowledged = (count: number): void => this.#note(count);

  constructor(run: LoadRun) {
    this.#run = run;
  }

  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    const run = this.#run;
    while (this.#inFlight < run.wanted) {
      this.#inFlight += 1;
      if (run.samples.length > 0) this.#sentAtMs = performance.now();
      this.sender?.send();
    }
    this.#isPumping = false;
  }

  /** Waits until nothing is in flight any more. */
  drain(patienceMs: number): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => {
        reject(new Error(`${this.#inFlight} messages were not acknowledged in ${DRAIN_MS} ms`));
      }, patienceMs);
      this.#run.drained = () => {
        if (this.#inFlight > 0) return;
        clearTimeout(tooLate);
        resolve();
      };
    });
  }

  #note(count: number): void {
    const run = this.#run;
    this.#inFlight -= count;
    run.acknowledged += count;
    if (run.sampleCount < run.samples.length) {
      run.samples[run.sampleCount] = (performance.now() - this.#sentAtMs) * 1_000;
      run.sampleCount += 1;
    }
    if (!run.isStopping) this.pump();
    else if (this.#inFlight === 0) run.drained();
  }
}

function quantile(sorted: Float64Array, share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
