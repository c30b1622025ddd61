/**
 * `npm run guard`: fails when a handled message costs more than it may, in CPU time, next to
 * a framed message on a plain socket, everything pinned to one core. CPU time and a ratio
 * taken in turns hold also on a busy machine.
 */
import { buildStale } from './build-stale.ts';
import { median } from './median.ts';
import type { TrafficRow } from './rows.ts';
import { ROWS } from './rows.ts';
import { Trio } from './trio.ts';

/** How many times a plain message: what Wilco aims at, and what fails. */
const AIM = 10;
const LIMIT = 12;
/** Fresh processes, since what the compiler makes of the same code differs from one to the next. */
const STARTS = 3;
const ROUNDS = 5;
const ROUND_MS = 400;

const row = ROWS.find((one): one is TrafficRow => one.kind === 'traffic' && one.name === 'P64');
if (row === undefined) throw new TypeError('the row of the guard is gone');
buildStale();
const wilco: number[] = [];
const raw: number[] = [];
for (let start = 0; start < STARTS; start += 1) await measureBoth(row);

const ratio = median(wilco) / median(raw);
const [ours, plain] = [wilco, raw].map((figures) => median(figures).toFixed(2));
console.log(
  `guard: a handled message takes ${ours} µs of CPU, a message on a plain socket ${plain} µs: ` +
    `${ratio.toFixed(2)} times as much (aim ${AIM}, limit ${LIMIT})`,
);
process.exitCode = ratio <= LIMIT ? 0 : 1;

async function measureBoth(of: TrafficRow): Promise<void> {
  const trios = [await Trio.start('wilco', of), await Trio.start('raw', of)] as const;
  try {
    for (const trio of trios) await trio.warmUp();
    for (let round = 0; round < ROUNDS; round += 1) {
      wilco.push((await trios[0].measure(ROUND_MS)).cpuMicros);
      raw.push((await trios[1].measure(ROUND_MS)).cpuMicros);
    }
  } finally {
    await Promise.all(trios.map((trio) => trio.stop()));
  }
}
