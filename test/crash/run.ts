/**
 * Kills processes at every instruction that counts, and compares what was sent with what arrived.
 *
 *     npm run crash                       all of it; goes on where it was broken off
 *     npm run crash -- --short            what fits in 90 s, as .ci/run does it
 *     npm run crash -- --only 'fdatasync' the cases whose name has this in it
 *     npm run crash -- --minutes 3        no more than this; the next run goes on
 *     npm run crash -- --part kills       one part: sweep, kills or controls
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bundleCli } from '../../packages/cli/test/cli-bundle.ts';
import { countCalls } from './call-counts.ts';
import { crashCases, mixed, type NamedCase } from './cases.ts';
import { CONTROLS, runControls } from './controls.ts';
import { Progress } from './progress.ts';
import { runRandomKills } from './random-kills.ts';
import { runCase, type CrashResult } from './conversation.ts';
import { hasStrace } from './strace.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    kills: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    seed: { type: 'string' },
    anew: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    part: { type: 'string' },
  },
});

const { short: isShort } = values;
/** How many lines a case sends at most: enough for a hundred commits on either side, or for a look. */
const LINES = isShort ? 1_500 : 4_000;
const DEPTH = 100;
/** A short run has so many cases, if there is the time. Milliseconds. */
const [SHORT_CASES, SHORT_SWEEP_MS] = [40, 45_000];
const [KILLS, SHORT_KILLS] = [1_000, 10];
const KILLS_A_ROUND = 50;
/** Lines that pass while one side lives, generously: the input must not end before the kills. */
const LINES_A_KILL = 600;
/** When no further case is begun. */
const endsMs = values.minutes === undefined ? Infinity : Number(values.minutes) * 60_000;

process.exitCode = await main();

async function main(): Promise<number> {
  if (!hasStrace()) {
    console.log('strace is needed, and the right to use it (Debian: apt-get install strace)');
    return 1;
  }
  const bundle = await bundleCli();
  try {
    const swept = isWanted('sweep') ? await sweep(bundle.main) : 0;
    const killed = isWanted('kills') ? await killAtRandom(bundle.main) : 0;
    const controlled = isWanted('controls') ? await control() : 0;
    const failed = swept + killed + controlled;
    const isWhole = failed === 0 && !isOver();
    if (isWhole) console.log('\nlost 0, duplicated 0, out of order 0');
    else
      console.log(failed > 0 ? `\n${failed} FAILED` : '\nthe time is over; the next run goes on');
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(bundle.folder, { recursive: true });
  }
}

/** Where cases are chosen by their names, only these are run. */
function isWanted(part: 'sweep' | 'kills' | 'controls'): boolean {
  return !isOver() && (values.part ?? (values.only === undefined ? part : 'sweep')) === part;
}

function isOver(): boolean {
  return performance.now() > endsMs;
}

async function sweep(main: string): Promise<number> {
  const mode = isShort || values.anew ? 'anew' : 'resume';
  const progress = new Progress(isShort ? 'short' : 'whole', mode);
  const all = await progress.cases(async () =>
    mixed(crashCases(DEPTH, await countCalls(main, LINES), LINES)),
  );
  const sweepEndsMs = isShort ? performance.now() + SHORT_SWEEP_MS : Infinity;
  const chosen = all.filter(({ name }) => name.includes(values.only ?? ''));
  const cases = isShort ? chosen.slice(0, SHORT_CASES) : chosen;
  const waiting = cases.filter(({ name }) => !progress.has(name));
  console.log(
    `${cases.length} of ${all.length} cases, ${cases.length - waiting.length} done before`,
  );
  const work = async (): Promise<void> => {
    while (!isOver() && performance.now() < sweepEndsMs) {
      const one = waiting.shift();
      if (one === undefined) return;
      const result = await runToCrash(main, one);
      progress.add(one.name, result);
      if (result.fault !== undefined) console.log(`FAILED: ${one.name}: ${result.fault}`);
      if (progress.count % 50 === 0) console.log(progress.summary);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  console.log(progress.summary);
  return progress.failed;
}

/** Where the call did not come as often as expected, with more lines. */
async function runToCrash(main: string, one: NamedCase): Promise<CrashResult> {
  const result = await runCase(main, one, one.lines);
  const isMissed = !result.wasKilled && result.fault === undefined;
  return isMissed ? runCase(main, one, LINES) : result;
}

/** In rounds, each a conversation of its own, so that a run that is broken off goes on. */
async function killAtRandom(main: string): Promise<number> {
  const wanted = Number(values.kills ?? (isShort ? SHORT_KILLS : KILLS));
  const mode = isShort || values.anew || values.kills !== undefined ? 'anew' : 'resume';
  const progress = new Progress(isShort ? 'short-kills' : 'kills', mode);
  console.log(`\n${wanted} kills at random moments, on a bad connection`);
  while (progress.kills < wanted && !isOver()) {
    const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 1e9));
    const kills = Math.min(KILLS_A_ROUND, wanted - progress.kills);
    const result = await runRandomKills(main, kills, kills * LINES_A_KILL, drawn(seed));
    progress.add(`round with --seed ${seed}`, result);
    const { connections, networkFaults, lines, fault } = result;
    const much = `${networkFaults} network faults, ${connections} connections, ${lines} lines`;
    const end = fault === undefined ? 'nothing lost' : `FAILED: ${fault}`;
    console.log(`${progress.kills} kills; --seed ${seed}: ${much}: ${end}`);
  }
  return progress.failed;
}

async function control(): Promise<number> {
  console.log('\nthe same with faults put in, which must be found:');
  const survivors = await runControls(isShort ? CONTROLS.slice(0, 2) : CONTROLS, LINES);
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
