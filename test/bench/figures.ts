import { readFileSync } from 'node:fs';
import { median } from './median.ts';
import type { Row } from './rows.ts';
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
}

/** All that one call of the benchmark gave. */
export interface Figures {
  readonly startedAt: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly measureMs: number;
  /** What the acknowledgement of each peer says, by name, in the order in which they ran. */
  readonly meanings: Readonly<Record<string, string>>;
  /** Why a peer did not run, by name. */
  readonly missing?: Readonly<Record<string, string>>;
  readonly runs: readonly Run[];
}

/** The medians of one peer in one row. */
export interface Summary {
  readonly rate: number;
  readonly cpuMicros: number;
  readonly p50Micros: number | undefined;
  readonly p99Micros: number | undefined;
  readonly memoryBytes: number;
  readonly coreShare: number;
}

/** Reads figures that were kept. */
export function readFigures(path: URL | string): Figures {
  return JSON.parse(readFileSync(path, 'utf8')) as Figures;
}

/** The medians over the rounds; `undefined` where the peer does not run in the row. */
export function summaryOf({ runs }: Figures, row: Row, peer: string): Summary | undefined {
  const mine = runs.filter((run) => run.row === row.name && run.peer === peer);
  if (mine.length === 0) return undefined;
  const middle = (pick: (figures: TrafficFigures) => number | undefined): number =>
    median(mine.flatMap(({ traffic }) => (traffic === undefined ? [] : (pick(traffic) ?? []))));
  const p50Micros = middle((figures) => figures.p50Micros);
  const p99Micros = middle((figures) => figures.p99Micros);
  return {
    rate: middle((figures) => figures.rate),
    cpuMicros: middle((figures) => figures.cpuMicros),
    p50Micros: Number.isNaN(p50Micros) ? undefined : p50Micros,
    p99Micros: Number.isNaN(p99Micros) ? undefined : p99Micros,
    memoryBytes: median(mine.flatMap(({ memoryBytes }) => memoryBytes ?? [])),
    coreShare: median(mine.flatMap(({ coreShare }) => coreShare ?? [])),
  };
}
