/**
 * Kills processes at every instruction that counts, and compares what was sent with what arrived.
 *
 *     npm run crash                       all of it; goes on where it was broken off
 *     npm run crash -- --short            what fits in 90 s
 *     npm run crash -- --only 'fdatasync' the cases whose name has this in it
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bundleCli } from '../../packages/cli/test/cli-bundle.ts';
import { countCalls } from './call-counts.ts';
import { crashCases, spread } from './cases.ts';
import { CONTROLS, runControls } from './controls.ts';
import { Progress } from './progress.ts';
import { runRandomKills } from './random-kills.ts';
import { runCase } from './conversation.ts';
import { hasStrace } from './strace.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    kills: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    seed: { type: 'string' },
    anew: { type: 'boolean', default: false },
  },
});

/** How many lines a case sends: enough for a hundred commits on either side. */
const LINES = 4_000;
const DEPTH = 100;
const SHORT_CASES = 40;
const [KILLS, SHORT_KILLS] = [1_000, 20];
/** Lines that pass while one side lives, generously: the input must not end before the kills. */
const LINES_A_KILL = 600;

process.exitCode = await main();

async function main(): Promise<number> {
  if (!hasStrace()) {
    console.log('strace is needed, and the right to use it (Debian: apt-get install strace)');
    return 1;
  }
  const bundle = await bundleCli();
  try {
    const swept = await sweep(bundle.main);
    const killed = values.only === undefined ? await killAtRandom(bundle.main) : 0;
    const controlled = values.only === undefined ? await control() : 0;
    const failed = swept + killed + controlled;
    console.log(failed === 0 ? '\nlost 0, duplicated 0, out of order 0' : `\n${failed} FAILED`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(bundle.folder, { recursive: true });
  }
}

async function sweep(main: string): Promise<number> {
  const counts = await countCalls(main, LINES);
  const all = crashCases(DEPTH, counts);
  const chosen = all.filter(({ name }) => name.includes(values.only ?? ''));
  const cases = values.short ? spread(chosen, SHORT_CASES) : chosen;
  const progress = new Progress(values.short || values.anew ? 'anew' : 'resume');
  const waiting = cases.filter(({ name }) => !progress.has(name));
  console.log(
    `${cases.length} of ${all.length} cases, ${cases.length - waiting.length} done before`,
  );
  const work = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const result = await runCase(main, one, LINES);
      progress.add(one.name, result);
      if (result.fault !== undefined) console.log(`FAILED: ${one.name}: ${result.fault}`);
      if (progress.count % 50 === 0) console.log(progress.summary);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  console.log(progress.summary);
  return progress.failed;
}

async function killAtRandom(main: string): Promise<number> {
  const kills = Number(values.kills ?? (values.short ? SHORT_KILLS : KILLS));
  const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 1e9));
  console.log(`\n${kills} kills at random moments, on a bad connection (--seed ${seed})`);
  const told = (done: number): void => {
    if (done % 100 === 0) console.log(`${done} kills`);
  };
  const result = await runRandomKills(main, kills, kills * LINES_A_KILL, drawn(seed), told);
  const { connections, networkFaults, lines, fault } = result;
  const much = `${result.kills} kills, ${networkFaults} network faults, ${connections} connections`;
  console.log(`${much}, ${lines} lines: ${fault ?? 'lost 0, duplicated 0, out of order 0'}`);
  return fault === undefined ? 0 : 1;
}

async function control(): Promise<number> {
  console.log('\nthe same with faults put in, which must be found:');
  const survivors = await runControls(values.short ? CONTROLS.slice(0, 2) : CONTROLS, LINES);
  return survivors.length;
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function drawn(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
