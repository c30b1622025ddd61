/** Where a store gets its time: the clock of an endpoint is one. */
export interface StoreClock {
  /** Milliseconds since some fixed moment. Never runs backwards. */
  nowMs(): number;
  /**
   * Calls `run` once, at `atMs` or a little later. Returns a function that cancels it.
   *
   * @param isAwaited - Somebody waits for what `run` does: the process is not to end before it,
   *   whatever else there is to do.
   */
  schedule(atMs: number, run: () => void, isAwaited?: boolean): () => void;
}

/** The time of the process. What a store has scheduled for itself keeps no process alive. */
export const processClock: StoreClock = {
  nowMs: () => performance.now(),
  schedule(atMs, run, isAwaited = false) {
    const timer = setTimeout(run, Math.max(atMs - performance.now(), 0));
    if (!isAwaited) timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
