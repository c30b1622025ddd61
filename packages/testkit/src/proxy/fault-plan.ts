import { PROXY_FAULTS, type ProxyFault } from './proxy-options.ts';

/** What a {@link FaultPlan} has to know. */
export interface FaultPlanOptions {
  /** The mean gap of each fault in milliseconds; `Infinity` for never. */
  readonly everyMs: Readonly<Record<ProxyFault, number>>;
  readonly seed: number;
}

/** A longer pause between two frames counts as this much. */
const PAUSE_MAX_MS = 100;

/**
 * Decides which fault strikes next, and where in a frame.
 *
 * Its time is that of the traffic: tell it by {@link advance} when a frame passes. Pauses hardly
 * count, so after a silence not everything is due at once. A fault that is due stays due until
 * it is {@link take | taken}; its next gap begins then.
 */
export class FaultPlan {
  readonly #everyMs: Readonly<Record<ProxyFault, number>>;
  readonly #draw: () => number;
  readonly #dueMs: Record<ProxyFault, number>;
  readonly #demanded: ProxyFault[] = [];
  #lastMs: number | undefined;
  #trafficMs = 0;

  constructor({ everyMs, seed }: FaultPlanOptions) {
    this.#everyMs = everyMs;
    this.#draw = seededFractions(seed);
    this.#dueMs = { cut: 0, stall: 0, reset: 0, corrupt: 0 };
    for (const fault of PROXY_FAULTS) this.#schedule(fault);
  }

  /** A frame passes at `nowMs`. */
  advance(nowMs: number): void {
    this.#trafficMs += Math.min(nowMs - (this.#lastMs ?? nowMs), PAUSE_MAX_MS);
    this.#lastMs = nowMs;
  }

  /** Makes `fault` due now, before all others, once. */
  demand(fault: ProxyFault): void {
    this.#demanded.push(fault);
  }

  /** The fault that has waited longest, or `undefined`. */
  due(): ProxyFault | undefined {
    if (this.#demanded.length > 0) return this.#demanded[0];
    let longest: ProxyFault | undefined;
    for (const fault of PROXY_FAULTS) {
      if (this.#dueMs[fault] > this.#trafficMs) continue;
      if (longest === undefined || this.#dueMs[fault] < this.#dueMs[longest]) longest = fault;
    }
    return longest;
  }

  /** Says that the fault that was due has struck. */
  take(fault: ProxyFault): void {
    if (this.#demanded[0] === fault) this.#demanded.shift();
    else this.#schedule(fault);
  }

  /** A whole number from `least` to `most`, both included. */
  pick(least: number, most: number): number {
    return least + Math.floor(this.#draw() * (most - least + 1));
  }

  #schedule(fault: ProxyFault): void {
    this.#dueMs[fault] = this.#trafficMs + this.#everyMs[fault] * (0.5 + this.#draw());
  }
}

/** Mulberry32: fractions from 0 to 1, the same ones for the same seed. */
function seededFractions(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
