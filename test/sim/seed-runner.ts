import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BatchReport, FailedSeed, SeedBatch } from './seed-worker.ts';

/** Which seeds to run, and how. */
export interface SeedRun {
  readonly from: number;
  readonly count: number;
  /** Processes. */
  readonly workers: number;
  /** Where the sources are, to run a copy of them. @defaultValue this repository */
  readonly root?: string;
  /** Stops at the first seed that finds something. @defaultValue `false` */
  readonly stopsAtFailure?: boolean;
  /** Only plans in which one of these incidents befalls somebody. @defaultValue all plans */
  readonly incidents?: readonly string[] | undefined;
  /** Called when a batch is done. */
  readonly onBatch?: (report: BatchReport) => void;
}

/** What became of many seeds. */
export interface SeedRunReport {
  readonly seeds: number;
  readonly failures: readonly FailedSeed[];
  readonly counts: ReadonlyMap<string, number>;
  readonly seconds: number;
}

const BATCH = 20;
/** Where the first failure is all that is wanted. */
const SMALL_BATCH = 2;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs many seeds on several processes. */
export async function runSeeds(run: SeedRun): Promise<SeedRunReport> {
  const startedMs = performance.now();
  const failures: FailedSeed[] = [];
  const counts = new Map<string, number>();
  let seeds = 0;
  let next = run.from;
  const end = run.from + run.count;
  const batchSize = run.stopsAtFailure === true ? SMALL_BATCH : BATCH;
  const take = (): SeedBatch | undefined => {
    if (next >= end || (run.stopsAtFailure === true && failures.length > 0)) return undefined;
    const batch = { from: next, count: Math.min(batchSize, end - next), incidents: run.incidents };
    next += batch.count;
    return batch;
  };
  const done = (report: BatchReport): void => {
    seeds += report.count;
    failures.push(...report.failures);
    for (const [what, often] of report.counts) counts.set(what, (counts.get(what) ?? 0) + often);
    run.onBatch?.(report);
  };
  const root = run.root ?? ROOT;
  await Promise.all(Array.from({ length: run.workers }, () => work(root, take, done)));
  failures.sort((a, b) => a.seed - b.seed);
  return { seeds, failures, counts, seconds: (performance.now() - startedMs) / 1_000 };
}

async function work(
  root: string,
  take: () => SeedBatch | undefined,
  done: (report: BatchReport) => void,
): Promise<void> {
  const worker = fork(`${root}/test/sim/seed-worker.ts`, {
    cwd: root,
    execArgv: ['--import', 'tsx', '--conditions=source'],
  });
  try {
    for (let batch = take(); batch !== undefined; batch = take()) {
      done(await ask(worker, batch));
    }
  } finally {
    worker.kill();
  }
}

function ask(worker: ChildProcess, batch: SeedBatch): Promise<BatchReport> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null): void => {
      reject(new Error(`the process of seeds ${batch.from} and up died with ${String(code)}`));
    };
    worker.once('exit', died);
    worker.once('message', (report) => {
      worker.off('exit', died);
      resolve(report as BatchReport);
    });
    worker.send(batch);
  });
}
