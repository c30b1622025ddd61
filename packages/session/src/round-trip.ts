/** Bounds of the time after which an acknowledgement is asked for, in milliseconds. */
const TIMEOUT_FIRST_MS = 1_000;
const TIMEOUT_LEAST_MS = 200;
const TIMEOUT_MOST_MS = 30_000;
/** Resolution of the clock, in milliseconds. */
const GRANULARITY_MS = 1;

/**
 * The round-trip time, smoothed as RFC 6298 says, and the timeout that follows from it.
 *
 * Karn's rule is kept by whoever feeds it: no sample of what was sent more than once.
 */
export class RoundTrip {
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #leastMs = Infinity;

  /** Another connection may take another way: nothing is known of it. */
  reset(): void {
    this.#smoothedMs = undefined;
    this.#variationMs = 0;
    this.#leastMs = Infinity;
  }

  /** Milliseconds; `undefined` before the first sample. */
  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }

  /** How much it varies. Milliseconds; `undefined` before the first sample. */
  get variationMs(): number | undefined {
    return this.#smoothedMs === undefined ? undefined : this.#variationMs;
  }

  /** The shortest that was measured. Milliseconds; `undefined` before the first sample. */
  get leastMs(): number | undefined {
    return this.#smoothedMs === undefined ? undefined : this.#leastMs;
  }

  /**
   * Takes a measured time, less what the peer says it held the acknowledgement back;
   * never less than the shortest seen (RFC 9002, section 5.3).
   */
  sample(measuredMs: number, ackDelayMs: number): void {
    this.#leastMs = Math.min(this.#leastMs, measuredMs);
    const trip = Math.max(measuredMs - ackDelayMs, this.#leastMs);
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = trip;
      this.#variationMs = trip / 2;
      return;
    }
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - trip);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * trip;
  }

  /** How long to wait for an acknowledgement of a peer that holds it back for at most `ackDelayMs`. */
  timeoutMs(ackDelayMs: number): number {
    if (this.#smoothedMs === undefined) return TIMEOUT_FIRST_MS;
    const spread = Math.max(GRANULARITY_MS, 4 * this.#variationMs);
    const timeout = this.#smoothedMs + spread + ackDelayMs;
    return Math.min(Math.max(timeout, TIMEOUT_LEAST_MS), TIMEOUT_MOST_MS);
  }
}

/** The timeout after `attempts` tries without an answer: doubled each time, capped. */
export function backedOffMs(timeoutMs: number, attempts: number): number {
  return Math.min(timeoutMs * 2 ** Math.min(attempts, 16), TIMEOUT_MOST_MS);
}
