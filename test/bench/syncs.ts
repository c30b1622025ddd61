import { existsSync, readFileSync } from 'node:fs';
import { findProgram } from './launch.ts';
import type { TrafficRow } from './rows.ts';
import { Trio } from './trio.ts';

/** What a run asked of the disk. */
export interface SyncFigures {
  /** For each acknowledged message, of all processes, and of each. */
  readonly perMessage: number;
  readonly sender: number;
  readonly receiver: number;
  readonly broker: number;
  /** How long one took, where there were any. Microseconds. */
  readonly p50Micros: number | undefined;
  readonly p99Micros: number | undefined;
}

const WARM_MS = 500;
const MEASURE_MS = 1_000;
/** When, what, and how long it took. */
const LINE = /^\d+ +(\d+\.\d+) .*<(\d+\.\d+)>$/;

/**
 * Counts and times the syncs of a peer in a row, in a run of its own: to follow them costs
 * something. `undefined` where there is no `strace`.
 */
export async function measureSyncs(
  peer: string,
  row: TrafficRow,
): Promise<SyncFigures | undefined> {
  if (findProgram('strace') === undefined) return undefined;
  const trio = await Trio.start(peer, row, { isTraced: true });
  try {
    await trio.measure(WARM_MS);
    const fromMs = Date.now();
    const { messages } = await trio.measure(MEASURE_MS);
    const toMs = Date.now();
    // What follows a process writes its file when the process ends.
    await trio.end();
    const [sender = [], receiver = [], broker = []] = ['sender', 'receiver', 'broker'].map((role) =>
      durationsOf(trio.traceOf(role), fromMs, toMs),
    );
    const all = [...sender, ...receiver, ...broker].sort((a, b) => a - b);
    return {
      perMessage: all.length / messages,
      sender: sender.length / messages,
      receiver: receiver.length / messages,
      broker: broker.length / messages,
      p50Micros: all[Math.floor(all.length / 2)],
      p99Micros: all[Math.floor(all.length * 0.99)],
    };
  } finally {
    await trio.stop();
  }
}

/** The syncs that ended between two times, as `strace` wrote them down. Microseconds. */
function durationsOf(file: string, fromMs: number, toMs: number): number[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, at, taken] = LINE.exec(line) ?? [];
    if (at === undefined || taken === undefined) return [];
    const startedMs = Number(at) * 1_000;
    return startedMs >= fromMs && startedMs < toMs ? [Number(taken) * 1e6] : [];
  });
}
