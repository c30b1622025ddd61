/**
 * `npm run guard`: fails when a handled message costs more than its share of what Socket.IO's
 * acknowledged message costs, in CPU time, everything pinned to one core. CPU time and a ratio
 * taken in turns hold also on a busy machine.
 */
import { buildStale } from './build-stale.ts';
import { median } from './median.ts';
import type { TrafficRow } from './rows.ts';
import { ROWS } from './rows.ts';
import { Trio } from './trio.ts';

/** What Wilco aims at, and what fails. */
const AIM = 1 / 3;
const LIMIT = 0.4;
/** Fresh processes, since what the compiler makes of the same code differs from one to the next. */
const STARTS = 2;
const ROUNDS = 5;
const ROUND_MS = 500;

const row = ROWS.find((one): one is TrafficRow => one.kind === 'traffic' && one.name === 'P64');
if (row === undefined) throw new TypeError('the row of the guard is gone');
buildStale();
const wilco: number[] = [];
const socketIo: number[] = [];
for (let start = 0; start < STARTS; start += 1) await measureBoth(row);

const ratio = median(wilco) / median(socketIo);
const [ours, theirs] = [wilco, socketIo].map((figures) => median(figures).toFixed(2));
console.log(
  `guard: a handled message takes ${ours} µs of CPU, Socket.IO's ${theirs} µs: ` +
    `${ratio.toFixed(3)} of it (aim ${AIM.toFixed(3)}, limit ${LIMIT.toFixed(2)})`,
);
process.exitCode = ratio <= LIMIT ? 0 : 1;

async function measureBoth(of: TrafficRow): Promise<void> {
  const pairs = [await Trio.start('wilco', of), await Trio.start('socket-io', of)] as const;
  try {
    for (const pair of pairs) await pair.warmUp();
    for (let round = 0; round < ROUNDS; round += 1) {
      wilco.push((await pairs[0].measure(ROUND_MS)).cpuMicros);
      socketIo.push((await pairs[1].measure(ROUND_MS)).cpuMicros);
    }
  } finally {
    await Promise.all(pairs.map((pair) => pair.stop()));
  }
}
