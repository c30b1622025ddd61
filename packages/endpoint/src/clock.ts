/** Where an endpoint gets its time. Tests pass a clock that they move by hand. */
export interface Clock {
  /** Milliseconds since some fixed moment. Never runs backwards. */
  nowMs(): number;
  /** Milliseconds since 1970. May jump; used only for what outlives the process. */
  wallMs(): number;
  /** Calls `run` once, at `atMs` or a little later. Returns a function that cancels it. */
  schedule(atMs: number, run: () => void): () => void;
  /** Calls `run` once at the end of the current turn of the event loop, after its input was read. */
  defer(run: () => void): void;
}

/** The longest delay `setTimeout` takes; beyond it, Node.js fires at once. */
const TIMEOUT_MAX_MS = 0x7fff_ffff;

/** Monotonic process time. Wall-clock jumps (NTP, suspend) do not touch it. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(atMs, run) {
    // Waking early is harmless: an engine told of a deadline too soon does nothing.
    const delayMs = Math.min(Math.max(atMs - performance.now(), 0), TIMEOUT_MAX_MS);
    const timer = setTimeout(run, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
  defer(run) {
    setImmediate(run);
  },
};
