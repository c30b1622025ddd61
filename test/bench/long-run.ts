import type { Watched } from './process-watch.ts';
import type { LongRow } from './rows.ts';
import { Trio, type TrafficFigures } from './trio.ts';

/** What a long run showed. */
export interface LongFigures {
  readonly traffic: TrafficFigures;
  readonly sender: WatchedFigures;
  readonly receiver: WatchedFigures;
}

/** What became of one process over the time. */
export interface WatchedFigures {
  /** How much more memory it had at the end than at the beginning, by a straight line. 0.1: 10 %. */
  readonly memoryGrowth: number;
  readonly memoryBytes: number;
  /** The event loop's delay, 99.9 % of the time. Milliseconds. */
  readonly loopDelayMs: number;
}

/** The part of the samples in which memory finds its level. */
const SETTLING_SHARE = 0.2;

/** Full load for a long time: does memory grow, is the event loop ever late? */
export async function measureLong(peer: string, row: LongRow): Promise<LongFigures> {
  const trio = await Trio.start(peer, row.traffic);
  try {
    await trio.warmUp();
    await trio.sender.ask('watch', {});
    await trio.receiver.ask('watch', {});
    const traffic = await trio.measure(row.durationMs);
    const sender = figuresOf(await trio.sender.ask('watched', {}));
    const receiver = figuresOf(await trio.receiver.ask('watched', {}));
    return { traffic, sender, receiver };
  } finally {
    await trio.stop();
  }
}

function figuresOf({ memoryBytes, loopDelayMs }: Watched): WatchedFigures {
  const settled = memoryBytes.slice(Math.floor(memoryBytes.length * SETTLING_SHARE));
  const mean = settled.reduce((sum, bytes) => sum + bytes, 0) / settled.length;
  const growth = (slopeOf(settled) * (settled.length - 1)) / mean;
  return { memoryGrowth: growth, memoryBytes: mean, loopDelayMs };
}

/** Of the straight line nearest to the values, a step of the index. */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let covariance = 0;
  let variance = 0;
  for (const [index, value] of values.entries()) {
    covariance += (index - middle) * (value - mean);
    variance += (index - middle) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
