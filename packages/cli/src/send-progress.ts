import type { SendCounts } from './send-run.ts';

/** What the line of progress is made of. */
export interface ProgressFacts {
  readonly counts: SendCounts;
  /** How much of the input is settled, from 0 to 1; `undefined` where its size is not known. */
  readonly fraction: number | undefined;
  readonly perSecond: number;
  readonly inFlight: number;
  readonly roundTripMs: number | undefined;
  /** Such as `online`, or `offline 3 s: connection refused`. */
  readonly connection: string;
}

const BAR_CELLS = 20;

/** One line for a terminal: what is done, how fast, what is under way, how the network is. */
export function progressText(facts: ProgressFacts): string {
  const { counts, fraction, perSecond, inFlight, roundTripMs, connection } = facts;
  const failed = counts.settled - counts.handled;
  return [
    ...(fraction === undefined ? [] : [bar(fraction)]),
    `${count(counts.handled)} handled`,
    ...(failed === 0 ? [] : [`${count(failed)} not`]),
    `${count(Math.round(perSecond))}/s`,
    `${count(inFlight)} in flight`,
    `rtt ${roundTripMs === undefined ? '–' : milliseconds(roundTripMs)}`,
    connection,
  ].join('  ');
}

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

/** `once`, `2 times`, `1,000 times`. */
export function times(value: number): string {
  return value === 1 ? 'once' : `${count(value)} times`;
}

/** A duration for people: `0.42 ms`, `17 ms`, `3.2 s`, `4 min 5 s`. */
export function milliseconds(value: number): string {
  if (value < 10) return `${value.toFixed(2)} ms`;
  if (value < 1_000) return `${value.toFixed(0)} ms`;
  if (value < 60_000) return `${(value / 1_000).toFixed(1)} s`;
  const seconds = Math.round(value / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function bar(fraction: number): string {
  const whole = Math.min(Math.max(fraction, 0), 1);
  const full = Math.floor(whole * BAR_CELLS);
  const percent = `${Math.floor(whole * 100)}%`.padStart(4);
  return `${percent} ${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`;
}

/** How fast something grows, over the last moments: a rate that neither jumps nor lags. */
export class Rate {
  readonly #spanMs: number;
  #samples: { readonly atMs: number; readonly value: number }[] = [];

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** Notes the value of now, and returns its growth in a second. */
  next(value: number, atMs: number): number {
    this.#samples.push({ atMs, value });
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? atMs) >= this.#spanMs) {
      this.#samples.shift();
    }
    const [first] = this.#samples;
    if (first === undefined || atMs <= first.atMs) return 0;
    return ((value - first.value) / (atMs - first.atMs)) * 1_000;
  }
}
