/**
 * Whether the simulator finds anything at all: bugs that were put in on purpose, one patch
 * each, of the kind that the protocol exists to prevent.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runSeeds } from './seed-runner.ts';

const SEEDS_MAX = 500;
const FIRST_SEED = 1;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FAULTS = fileURLToPath(new URL('faults', import.meta.url));
const PATCHES = readdirSync(FAULTS).filter((name) => name.endsWith('.patch'));

describe('the simulator', () => {
  test.each(PATCHES)(
    'finds the fault of %s within 500 seeds',
    async (patch) => {
      const copy = copyOfRepository();
      try {
        execFileSync('git', ['apply', '--unsafe-paths', join(FAULTS, patch)], { cwd: copy });
        const { failures, seeds } = await runSeeds({
          root: copy,
          from: FIRST_SEED,
          count: SEEDS_MAX,
          workers: 2,
          stopsAtFailure: true,
        });
        expect(failures.length, `nothing found in ${seeds} seeds`).toBeGreaterThan(0);
        const from = failures[0]?.seed ?? 0;
        const { failures: ownFailures } = await runSeeds({ from, count: 1, workers: 1 });
        expect(ownFailures, 'the seed fails without the fault as well').toEqual([]);
        console.log(
          `${patch}: seed ${failures[0]?.seed} finds ${failures[0]?.invariant}: ${failures[0]?.what}`,
        );
      } finally {
        rmSync(copy, { recursive: true, force: true });
      }
    },
    300_000,
  );

  test('has at least three such faults to find', () => {
    expect(PATCHES.length).toBeGreaterThanOrEqual(3);
  });
});

/** Sources and links, without what is built or installed. */
function copyOfRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), 'wilco-fault-'));
  for (const part of [
    'packages',
    'test/sim',
    'package.json',
    'test/package.json',
    'test/node_modules',
  ]) {
    cpSync(join(ROOT, part), join(copy, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => basename(path) !== 'dist',
    });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}
