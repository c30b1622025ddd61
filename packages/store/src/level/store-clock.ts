/** Where a store gets its time: the clock of an endpoint is one. */
export interface StoreClock {
  /** Milliseconds since some fixed moment. Never runs backwards. */
  nowMs(): number;
  /** Calls `run` once, at `atMs` or a little later. Returns a function that cancels it. */
  schedule(atMs: number, run: () => void): () => void;
}

/** The time of the process. What a store has scheduled keeps no process alive. */
export const processClock: StoreClock = {
  nowMs: () => performance.now(),
  schedule(atMs, run) {
    const timer = setTimeout(run, Math.max(atMs - performance.now(), 0)).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
