import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Coverage, drawPlan, simulate } from '@wilco/testkit';
import { runSeeds } from './seed-runner.ts';

const SEEDS = 2_000;
const WORKERS = 2;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('two thousand fresh seeds keep every promise in memory, and reach every fault and every step', async () => {
  const from = freshSeed();
  const { failures, counts, seconds } = await runSeeds({ from, count: SEEDS, workers: WORKERS });
  const coverage = new Coverage();
  coverage.add(counts);
  console.log(
    `${SEEDS} seeds from ${from}: ${(SEEDS / seconds).toFixed(0)} seeds/s\n${coverage.table()}`,
  );
  const commands = failures.map(({ seed, invariant, what }) => ({
    isOnDisk: drawPlan(seed).durable.length > 0,
    command: `${invariant}: ${what}\n  npm run sim -- --seed ${seed} --trace --shrink`,
  }));
  // Stores on disk are a preview: what breaks with them is told, and not held against the rest yet.
  const known = commands.filter(({ isOnDisk }) => isOnDisk);
  console.log(`${known.length} runs with stores on disk break a promise`);
  for (const { command } of known) console.log(command);
  expect(commands.filter(({ isOnDisk }) => !isOnDisk)).toEqual([]);
  expect(coverage.missing).toEqual([]);
}, 600_000);

test('the same seed gives the same trace', async () => {
  for (const seed of [1, 2, 3]) {
    const [first, second] = [await simulate(drawPlan(seed)), await simulate(drawPlan(seed))];
    expect(second.hash).toBe(first.hash);
  }
});

/** Another commit, other seeds; the same commit, the same seeds. */
function freshSeed(): number {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
    return Number.parseInt(commit.slice(0, 7), 16);
  } catch {
    // Not a clone of the repository: any constant will do.
    return 20_250_101;
  }
}
