/**
 * Runs seeds that its parent names, and reports what each batch did. One process for each
 * core: a run of the simulator is one thread.
 */
import { drawPlan, simulate } from '@wilco/testkit';

/** A batch of seeds: `from`, `from + 1`, … */
export interface SeedBatch {
  readonly from: number;
  readonly count: number;
  /** Only plans in which one of these befalls somebody are run. @defaultValue all */
  readonly incidents?: readonly string[] | undefined;
}

/** What became of a batch. */
export interface BatchReport {
  readonly from: number;
  readonly count: number;
  /** How many of them were run. */
  readonly ran: number;
  readonly failures: readonly FailedSeed[];
  readonly counts: readonly (readonly [string, number])[];
}

/** A seed that found something. */
export interface FailedSeed {
  readonly seed: number;
  readonly invariant: string;
  readonly what: string;
}

/** How often a seed is run twice, to see whether it does the same again. */
const REPEAT_EVERY = 50;

process.on('message', (batch: SeedBatch) => {
  void runBatch(batch).then((report) => process.send?.(report));
});

async function runBatch({ from, count, incidents }: SeedBatch): Promise<BatchReport> {
  const failures: FailedSeed[] = [];
  const counts = new Map<string, number>();
  let ran = 0;
  for (let seed = from; seed < from + count; seed++) {
    const plan = drawPlan(seed);
    if (incidents !== undefined && !plan.incidents.some(({ kind }) => incidents.includes(kind)))
      continue;
    ran += 1;
    const result = await simulate(plan);
    for (const [what, often] of result.counts) counts.set(what, (counts.get(what) ?? 0) + often);
    const [first] = result.violations;
    if (first !== undefined) failures.push({ seed, invariant: first.invariant, what: first.what });
    if (seed % REPEAT_EVERY !== 0) continue;
    const again = await simulate(drawPlan(seed));
    if (again.hash === result.hash) continue;
    failures.push({ seed, invariant: 'determinism', what: `${result.hash}, then ${again.hash}` });
  }
  return { from, count, ran, failures, counts: [...counts] };
}
