import type { Random } from '@wilco/endpoint';
import type { ReconnectOptions } from './options.ts';

/**
 * How long to wait before the next try: nothing before the first, then a random time up to a
 * bound that doubles (full jitter, so that clients who lost the same server do not come back
 * all at once).
 */
export class Backoff {
  readonly #options: Readonly<Required<ReconnectOptions>>;
  readonly #random: Random;
  #tries = 0;

  constructor(options: Readonly<Required<ReconnectOptions>>, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** The wait before the next try, never less than `leastMs`. Milliseconds. */
  next(leastMs = 0): number {
    this.#tries += 1;
    if (this.#tries === 1) return leastMs;
    const { minMs, maxMs } = this.#options;
    const boundMs = Math.min(minMs * 2 ** (this.#tries - 2), maxMs);
    return Math.max(leastMs, this.#random.fraction() * boundMs);
  }

  /** A connection ended that had lasted for so long. */
  connectionEnded(lastedMs: number): void {
    if (lastedMs >= this.#options.stableAfterMs) this.#tries = 0;
  }
}
