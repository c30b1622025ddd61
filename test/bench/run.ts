/**
 * `npm run bench`: Wilco next to what a user would pick instead.
 *
 *     npm run bench -- --only P64,A1024 --peers wilco,raw --rounds 3 --quick
 *     npm run bench -- --matrix
 *     npm run bench -- --profile P64
 *
 * Keeps every figure in `results/`; `--keep` also makes them those of the documents. The
 * matrix is all rows and peers, and what the targets compare three times; broken off, it
 * goes on where it was, as long as the code is the same.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildStale } from './build-stale.ts';
import { machine, versions } from './conditions.ts';
import type { Figures } from './figures.ts';
import { measureRun } from './measure-run.ts';
import { availablePeers } from './peers-available.ts';
import { planOf } from './plan.ts';
import { profileRow } from './profile.ts';
import { jsonOf, ResultsFile } from './results-file.ts';
import { ROWS } from './rows.ts';
import { runLine } from './run-line.ts';
import { conditionsOf, meaningsOf, peersTableOf } from './table.ts';
import { targetsTableOf } from './targets-table.ts';

// What was started for a run is ended with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const STEADY_MS = 3_000;
const QUICK_MS = 1_000;
const MATRIX_MS = 2_000;
const ROUNDS = 3;
const TRIES = 3;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    matrix: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const isChosen = (chosen: string | undefined, name: string): boolean =>
  chosen === undefined || chosen.split(',').includes(name);
// Ten minutes are only for who wants them.
const isLong = values.matrix || values.only !== undefined;
const rows = ROWS.filter((row) => isChosen(values.only, row.name)).filter(
  ({ kind }) => isLong || kind !== 'long',
);
const steadyMs = values.matrix ? MATRIX_MS : STEADY_MS;
const measureMs = values.quick ? QUICK_MS : steadyMs;
const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));

const { peers, missing } = await availablePeers((name) => isChosen(values.peers, name));
for (const [name, why] of Object.entries(missing)) console.log(`${name} is left out: ${why}`);
buildStale();
if (values.profile !== undefined) {
  const row = ROWS.find(({ name }) => name === values.profile);
  if (row === undefined) throw new TypeError(`there is no row ${values.profile}`);
  console.log(await profileRow(values.peers ?? 'wilco', row, measureMs, values.keep));
  process.exit();
}
const plan = planOf(rows, peers, rounds, values.matrix);
const empty: Figures = {
  startedAt: new Date().toISOString(),
  machine: machine(),
  versions: versions(peers),
  measureMs,
  meanings: Object.fromEntries(peers.map(({ name, meaning }) => [name, meaning])),
  kinds: Object.fromEntries(peers.map(({ name, kind }) => [name, kind])),
  brokers: peers.flatMap(({ name, acknowledgedBy }) => (acknowledgedBy === 'broker' ? name : [])),
  missing,
  runs: [],
};
const file = values.matrix ? ResultsFile.resume(empty) : ResultsFile.create(empty);
const tries = values.quick ? 1 : TRIES;
for (const planned of plan) {
  if (file.has(planned)) continue;
  const { row, peer, round } = planned;
  const measured = await measureRun(peer.name, row, { measureMs, tries });
  const run = { row: row.name, peer: peer.name, round, ...measured };
  file.add(run);
  console.log(runLine(run));
}
const { figures } = file;
if (values.keep) writeFileSync(new URL('figures.json', import.meta.url), jsonOf(figures));
console.log(`\n${peersTableOf(figures)}\n${targetsTableOf(figures)}`);
console.log(`${conditionsOf(figures)}\n${meaningsOf(figures)}`);
