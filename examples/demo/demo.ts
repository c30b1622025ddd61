/**
 * The main job: a file of orders goes from one process to another, through a proxy that cuts,
 * falls silent and resets. Once with Wilco, and at the same time with plain `socket.write()`.
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
import { Lane, type LaneKind } from './lane.ts';
import { ProgressLine } from './progress-line.ts';
import { isFlawless, resultTable, type LaneResult } from './result-table.ts';

const WILCO: LaneKind = {
  name: 'Wilco',
  receiver: './receiver.ts',
  sender: './sender.ts',
  framing: 'wilco',
};
const PLAIN: LaneKind = {
  name: 'socket.write()',
  receiver: './plain-receiver.ts',
  sender: './plain-sender.ts',
  framing: 'lines',
};

const settings = settingsFromCommandLine();
const folder = mkdtempSync(join(tmpdir(), 'wilco-demo-'));
const lanes = [WILCO, PLAIN].map((kind) => new Lane(kind, settings, folder));
process.on('exit', () => lanes.forEach((lane) => lane.kill()));
process.on('SIGINT', () => process.exit(130));

try {
  introduce(settings);
} catch (error) {
  // No such file, or a line that is none: what is wrong is the input.
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
const [wilco, plain] = await watched(lanes);
console.log(`\n${resultTable([wilco, plain])}\n`);
console.log(verdict(wilco, plain));
const isGood = isFlawless(wilco);
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
  const seed =
    values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
  return values.fast === true ? fastSettings(file, seed) : fullSettings(file, seed);
}

function introduce({ file, durationMs, waitMs, seed, faults }: DemoSettings): void {
  const count = readOrders(file).length.toLocaleString('en');
  console.log(
    `${count} orders of ${relative('.', file)}, paced over ${durationMs / 1_000} seconds.`,
  );
  console.log(
    `Six processes: a receiver, a proxy and a sender, for Wilco and for plain socket.write().\n` +
      `The proxies (seed ${seed}) strike while messages are in flight: on average every ` +
      `${String(faults.cutEveryMs)} ms a cut\nin mid-frame, every ${String(faults.resetEveryMs)} ms a reset, ` +
      `every ${String(faults.stallEveryMs)} ms a silence of up to ${String(faults.stallForMs)} ms.\n` +
      `Wilco announces a wait of ${waitMs} ms, so it speaks at least every ${waitMs * 0.4} ms ` +
      `and finds a silence within ${waitMs} ms.\n\n` +
      `Orders arrived/written (faults with messages in flight):`,
  );
}

/** Runs the lanes side by side and shows how far they are. */
async function watched(running: readonly Lane[]): Promise<[LaneResult, LaneResult]> {
  const line = new ProgressLine(() => running.map(({ progress }) => progress).join('   '));
  const hanging = setTimeout(() => {
    console.error(`\nNot finished after ${settings.patienceMs / 1_000} s: something hangs.`);
    process.exit(1);
  }, settings.patienceMs);
  try {
    return (await Promise.all(running.map((lane) => lane.run()))) as [LaneResult, LaneResult];
  } finally {
    clearTimeout(hanging);
    line.stop();
  }
}

function verdict(wilco: LaneResult, plain: LaneResult): string {
  const silent = plain.tally.lost.toLocaleString('en');
  const about = isFlawless(wilco)
    ? 'Wilco: every order arrived once and in order, and each sender knows it.'
    : 'Wilco FAILED: see the table.';
  return `${about}\nsocket.write(): ${silent} orders were lost that it had called a success.`;
}
