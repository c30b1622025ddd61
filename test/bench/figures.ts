import { readFileSync } from 'node:fs';
import type { EngineFigures } from './engine.ts';
import type { LongFigures } from './long-run.ts';
import { median } from './median.ts';
import type { Peer } from './peer.ts';
import type { SyncFigures } from './syncs.ts';
import type { TrafficFigures } from './trio.ts';

/** One run of one peer in one row: what is kept of it. */
export interface Run {
  readonly row: string;
  readonly peer: string;
  readonly round: number;
  readonly traffic?: TrafficFigures;
  /** For each idle connection. */
  readonly memoryBytes?: number;
  /** Of one core, for all idle connections. 0 to 1. */
  readonly coreShare?: number;
  readonly syncs?: SyncFigures | undefined;
  readonly engine?: EngineFigures;
  readonly long?: LongFigures;
  /** What went wrong, where there are no figures. */
  readonly failed?: string;
}

/** All that one call of the benchmark gave. */
export interface Figures {
  readonly startedAt: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly measureMs: number;
  /** What the acknowledgement of each peer says, by name, in the order in which they ran. */
  readonly meanings: Readonly<Record<string, string>>;
  readonly kinds: Readonly<Record<string, Peer['kind']>>;
  /** Those in which not the application acknowledges. */
  readonly brokers?: readonly string[];
  /** Why a peer did not run, by name. */
  readonly missing: Readonly<Record<string, string>>;
  readonly runs: readonly Run[];
}

/** Reads figures that were kept. */
export function readFigures(path: URL | string): Figures {
  return JSON.parse(readFileSync(path, 'utf8')) as Figures;
}

/** The runs of one peer in one row. */
export function runsOf({ runs }: Figures, row: string, peer: string): Run[] {
  return runs.filter((run) => run.row === row && run.peer === peer);
}

/** The median over the rounds of what is picked of each run; `undefined` where there is none. */
export function medianOf(
  figures: Figures,
  row: string,
  peer: string,
  pick: (run: Run) => number | undefined,
): number | undefined {
  const all = runsOf(figures, row, peer).flatMap((run) => pick(run) ?? []);
  return all.length === 0 ? undefined : median(all);
}
