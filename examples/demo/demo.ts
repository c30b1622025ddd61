/**
 * The main job: a file of orders goes from one process to another, through a proxy that cuts,
 * falls silent and resets. Once with the command line of Wilco, and at the same time with plain
 * `socket.write()`. Then again, with stores on disk, and both processes are killed in the middle.
 *
 *     npm run demo
 *     npm run demo -- my-file.ndjson --seed 7
 *
 * Ends with 0 only if Wilco lost nothing, duplicated nothing and kept the order.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fastSettings, fullSettings, type DemoSettings } from './demo-settings.ts';
import { readOrders } from './input.ts';
import { isUnharmed, KillAct, killTable, type KillResult } from './kill-act.ts';
import { PLAIN, WILCO } from './lane-kinds.ts';
import { Lane } from './lane.ts';
import { LiveView } from './live-view.ts';
import { isFlawless, resultTable, type LaneResult } from './result-table.ts';

const SECOND_ACT = `
Second act: the same orders, with stores on disk, and kill -9 in the middle.
  wilco listen --store --out <- wilco proxy <- wilco send --store FILE
`;

const settings = orUsage(settingsFromCommandLine);
// No such file, or a line that is none: what is wrong is the input.
const orders = orUsage(() => readOrders(settings.file));
const folder = mkdtempSync(join(tmpdir(), 'wilco-demo-'));
const happened: string[] = [];
const lanes = [
  new Lane(WILCO, settings, folder, (text) => happened.push(`${clock()}  ${text}`)),
  new Lane(PLAIN, settings, folder, () => {}),
] as const;
const act = new KillAct(settings, folder, orders, (text) => console.log(`  ${clock()}  ${text}`));
process.on('exit', () => [...lanes, act].forEach((one) => one.kill()));
process.on('SIGINT', () => abandon(130));
process.on('SIGTERM', () => abandon(143));

introduce(settings);
let startMs = 0;
const [wilco, plain] = await watched();
console.log(`\n${resultTable([wilco, plain])}\n`);
console.log(verdict(wilco, plain));
console.log(SECOND_ACT);
const killed = await unlessItHangs(() => act.run());
console.log(`\n${killTable(killed)}\n\n${verdictOnKills(killed)}`);
const isGood = isFlawless(wilco) && isUnharmed(killed);
if (isGood) rmSync(folder, { recursive: true });
else console.log(`What arrived is in ${folder}.`);
process.exitCode = isGood ? 0 : 1;

function settingsFromCommandLine(): DemoSettings {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { fast: { type: 'boolean' }, seed: { type: 'string' } },
  });
  const shipped = fileURLToPath(new URL('orders.ndjson', import.meta.url));
  const file = positionals[0] === undefined ? shipped : resolve(positionals[0]);
  const drawn = String(Math.floor(Math.random() * 1_000_000));
  const { seed = drawn, fast = false } = values;
  if (!/^\d{1,9}$/.test(seed)) throw new Error(`--seed ${seed}: wanted a whole number below 10⁹`);
  return fast ? fastSettings(file, Number(seed)) : fullSettings(file, Number(seed));
}

/** What `get` gives; where it throws, says why and ends. */
function orUsage<Value>(get: () => Value): Value {
  try {
    return get();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

/** Ends before its time: what arrived so far is of no interest. */
function abandon(exitCode: number): void {
  rmSync(folder, { recursive: true });
  process.exit(exitCode);
}

function introduce({ file, durationMs, waitMs, seed, faults }: DemoSettings): void {
  console.log(
    `${orders.length.toLocaleString('en')} orders of ${relative('.', file)}, ` +
      `paced over ${durationMs / 1_000} seconds, go two ways at the same time:\n` +
      `  Wilco            wilco listen <- wilco proxy <- wilco send --receipts\n` +
      `  socket.write()   a receiver   <- wilco proxy <- a sender that reconnects\n` +
      `The proxies (seed ${seed}) strike while messages are in flight: on average every ` +
      `${faults.cutEveryMs} ms a cut\nin mid-frame, every ${faults.resetEveryMs} ms a reset, ` +
      `every ${faults.stallEveryMs} ms a silence of up to ${faults.stallForMs} ms.\n` +
      `Wilco announces a wait of ${waitMs} ms: each side speaks at least every ${waitMs * 0.4} ms, ` +
      `and a silence\nis found within ${waitMs} ms.\n`,
  );
}

/** Runs the lanes side by side and shows how far they are. */
async function watched(): Promise<[LaneResult, LaneResult]> {
  return unlessItHangs(async () => {
    await Promise.all(lanes.map((lane) => lane.start()));
    startMs = performance.now();
    const view = new LiveView(process.stdout, lanes, orders.length, happened);
    try {
      return (await Promise.all(lanes.map((lane) => lane.move(orders)))) as [
        LaneResult,
        LaneResult,
      ];
    } finally {
      view.stop();
    }
  });
}

async function unlessItHangs<Value>(run: () => Promise<Value>): Promise<Value> {
  const hanging = setTimeout(() => {
    console.error(`\nNot finished after ${settings.patienceMs / 1_000} s: something hangs.`);
    process.exit(1);
  }, settings.patienceMs);
  try {
    return await run();
  } finally {
    clearTimeout(hanging);
  }
}

/** How long it has run. */
function clock(): string {
  const elapsedMs = startMs === 0 ? 0 : performance.now() - startMs;
  return `${(elapsedMs / 1_000).toFixed(1).padStart(4)} s`;
}

function verdictOnKills(result: KillResult): string {
  return isUnharmed(result)
    ? 'Wilco: every order is in the file once and in order, whoever was killed.'
    : 'Wilco FAILED: see the table.';
}

function verdict(wilco: LaneResult, plain: LaneResult): string {
  const silent = plain.tally.lost.toLocaleString('en');
  const about = isFlawless(wilco)
    ? 'Wilco: every order arrived once and in order, and each sender knows it.'
    : 'Wilco FAILED: see the table.';
  return `${about}\nsocket.write(): ${silent} orders were lost that it had called a success.`;
}
