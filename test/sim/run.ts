/**
 * The simulator's command.
 *
 *     npm run sim -- --seeds 100000 --from 1 --workers 2 [--resume]
 *     npm run sim -- --seeds 20000 --from 1 --with restore,clone,damage
 *     npm run sim -- --seed 4711 [--trace] [--shrink]
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  Coverage,
  diagram,
  drawPlan,
  shrink,
  simulate,
  type SimulationResult,
} from '@wilco/testkit';
import { runSeeds } from './seed-runner.ts';
import type { FailedSeed } from './seed-worker.ts';

const PROGRESS_FILE = fileURLToPath(new URL('.progress.json', import.meta.url));

/** What a run that was broken off has behind it. Batches are done in order, but for the last few. */
interface ProgressFile {
  readonly from: number;
  readonly count: number;
  readonly done: number;
  readonly failures: readonly FailedSeed[];
  readonly counts: readonly (readonly [string, number])[];
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    with: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
  },
});

process.exitCode = await (values.seed === undefined ? many() : one(Number(values.seed)));

async function one(seed: number): Promise<number> {
  const plan = drawPlan(seed);
  const result = await simulate(plan, { keepsTrace: values.trace });
  const again = await simulate(plan);
  if (values.trace) console.log(diagram(result.lines, result.hosts));
  report(result);
  if (again.hash !== result.hash) console.log(`NOT THE SAME AGAIN: ${result.hash}, ${again.hash}`);
  const [first] = result.violations;
  if (first === undefined) return again.hash === result.hash ? 0 : 1;
  if (values.shrink) await showShrunk(seed, first.invariant);
  return 1;
}

async function many(): Promise<number> {
  const before = values.resume ? readProgress() : undefined;
  const from = before?.from ?? Number(values.from);
  const count = before?.count ?? Number(values.seeds);
  const coverage = new Coverage();
  coverage.add(before?.counts ?? []);
  const failures: FailedSeed[] = [...(before?.failures ?? [])];
  let done = before?.done ?? 0;
  let ran = 0;
  const startedAt = done;
  const startedMs = performance.now();
  await runSeeds({
    from: from + done,
    count: count - done,
    workers: Number(values.workers),
    incidents: values.with?.split(','),
    onBatch: (batch) => {
      done += batch.count;
      ran += batch.ran;
      coverage.add(batch.counts);
      failures.push(...batch.failures);
      for (const failure of batch.failures) tell(failure);
      if (done % 500 === 0) console.log(`${done} of ${count} seeds, ${failures.length} failed`);
      const progress: ProgressFile = { from, count, done, failures, counts: [...coverage.counts] };
      writeFileSync(PROGRESS_FILE, JSON.stringify(progress));
    },
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  console.log(`\n${coverage.table()}\n`);
  console.log(
    `${done} seeds from ${from}, ${ran} of them run now: ${failures.length} failed; ${((done - startedAt) / seconds).toFixed(1)} seeds/s`,
  );
  rmSync(PROGRESS_FILE, { force: true });
  // A small run can not reach everything.
  return verdict(failures, done >= 2_000 ? coverage.missing : []);
}

async function verdict(
  failures: readonly FailedSeed[],
  missing: readonly string[],
): Promise<number> {
  for (const what of missing) console.log(`NEVER OCCURRED: ${what}`);
  const [first] = failures;
  if (first !== undefined && first.invariant !== 'determinism') {
    await showShrunk(first.seed, first.invariant);
  }
  return failures.length === 0 && missing.length === 0 ? 0 : 1;
}

async function showShrunk(seed: number, invariant: string): Promise<void> {
  console.log(`\nshrinking seed ${seed} …`);
  const { plan, result, runs } = await shrink(drawPlan(seed), invariant);
  console.log(`${runs} runs later:\n`);
  console.log(JSON.stringify({ ...plan, options: undefined }, undefined, 1));
  console.log(diagram(result.lines.slice(0, 400), result.hosts));
  report(result);
}

function report({ seed, violations, messages, endedAtMs, hash }: SimulationResult): void {
  for (const { atMs, invariant, what } of violations.slice(0, 10)) {
    console.log(`${atMs.toFixed(0)} ms: ${invariant}: ${what}`);
  }
  const verdict = violations.length === 0 ? 'holds' : `breaks ${violations.length} promises`;
  console.log(
    `seed ${seed} ${verdict}: ${messages} messages, ${endedAtMs.toFixed(0)} virtual ms, ${hash}`,
  );
}

function tell({ seed, invariant, what }: FailedSeed): void {
  console.log(`seed ${seed}: ${invariant}: ${what}`);
  console.log(`  npm run sim -- --seed ${seed} --trace --shrink`);
}

function readProgress(): ProgressFile | undefined {
  try {
    return JSON.parse(readFileSync(PROGRESS_FILE, 'utf8')) as ProgressFile;
  } catch {
    return undefined;
  }
}
