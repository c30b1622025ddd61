/**
 * The memory that all windows of a process may promise together. What was granted is
 * reserved here first, so granted windows never sum above it.
 */
export class WindowBudget {
  readonly #capacityBytes: number;
  #reservedBytes = 0;
  readonly #waiting = new Set<() => void>();

  /** @param capacityBytes - Bytes; the default of an endpoint is 268_435_456 (256 MiB). */
  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /**
   * Takes `bytes` out of the budget, or nothing and returns `false`. With a `share` below 1
   * it leaves the rest for what matters more.
   */
  reserve(bytes: number, share = 1): boolean {
    if (this.#reservedBytes + bytes > this.#capacityBytes * share) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  /** Gives back what was reserved; those who wait for room are told once. */
  release(bytes: number): void {
    if (bytes === 0) return;
    this.#reservedBytes -= bytes;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const retry of waiting) retry();
  }

  /** Calls `retry` once, when something was given back. */
  whenReleased(retry: () => void): void {
    this.#waiting.add(retry);
  }

  /** Forgets a waiting `retry`. */
  forget(retry: () => void): void {
    this.#waiting.delete(retry);
  }
}
