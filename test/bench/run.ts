/**
 * `npm run bench`: Wilco next to what a user would pick instead.
 *
 *     npm run bench -- --only P64,A1024 --peers wilco,raw --rounds 3 --quick
 *
 * Keeps every figure in `results/`; `--keep` also makes them those of the README.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { parseArgs } from 'node:util';
import { buildStale } from './build-stale.ts';
import type { Figures, Run } from './figures.ts';
import { measureHeartbeats, measureIdle } from './idle.ts';
import { availablePeers, takes } from './peers-available.ts';
import { ROWS, type Row } from './rows.ts';
import { conditionsOf, meaningsOf, peersTableOf } from './table.ts';
import { measureTraffic } from './trio.ts';

// What was started for a run is ended with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const FOLDER = new URL('.', import.meta.url);
const RESULTS = new URL('results/', FOLDER);
const STEADY_MS = 3_000;
const QUICK_MS = 1_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const measureMs = values.quick ? QUICK_MS : STEADY_MS;
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));

const rows = ROWS.filter(({ name }) => isChosen(values.only, name));
const { peers, missing } = await availablePeers((name) => isChosen(values.peers, name));
for (const [name, why] of Object.entries(missing)) console.log(`${name} is left out: ${why}`);
buildStale();
const figures = await runAll();
if (values.keep) writeFileSync(new URL('figures.json', FOLDER), jsonOf(figures));
console.log(`\n${peersTableOf(figures)}\n${conditionsOf(figures)}\n${meaningsOf(figures)}`);

async function runAll(): Promise<Figures> {
  const runs: Run[] = [];
  const startedAt = new Date().toISOString();
  const meanings = Object.fromEntries(peers.map(({ name, meaning }) => [name, meaning]));
  const conditions = { startedAt, machine: machine(), versions: versions(), measureMs };
  const all: Figures = { ...conditions, meanings, missing, runs };
  // The peers of a row take turns within a round, so that each meets the same machine.
  for (let round = 1; round <= rounds; round += 1) {
    for (const row of rows) {
      for (const peer of peers.filter((one) => takes(one, row))) {
        const run = { row: row.name, peer: peer.name, round, ...(await measure(peer.name, row)) };
        runs.push(run);
        console.log(`${round} ${row.name.padEnd(6)} ${peer.name.padEnd(16)} ${lineOf(run)}`);
        // Each time, so that nothing is lost where it is broken off.
        writeFileSync(resultFile(startedAt), jsonOf(all));
      }
    }
  }
  return all;
}

async function measure(peer: string, row: Row): Promise<Omit<Run, 'row' | 'peer' | 'round'>> {
  if (row.kind === 'idle') return { memoryBytes: await measureIdle(peer, row) };
  if (row.kind === 'heartbeats') return { coreShare: await measureHeartbeats(peer, row) };
  return { traffic: await measureTraffic(peer, row, measureMs) };
}

function isChosen(chosen: string | undefined, name: string): boolean {
  return chosen === undefined || chosen.split(',').includes(name);
}

function lineOf({ traffic, memoryBytes = 0, coreShare }: Run): string {
  if (coreShare !== undefined) return `${(coreShare * 100).toFixed(2)} % of a core`;
  if (traffic === undefined) return `${(memoryBytes / 1_024).toFixed(1)} KiB a connection`;
  const { rate, cpuMicros, senderMicros, receiverMicros, brokerMicros } = traffic;
  const { p50Micros, p99Micros, foreignShare } = traffic;
  const parts = [senderMicros, receiverMicros, ...(brokerMicros > 0 ? [brokerMicros] : [])];
  const notes = [
    ...(p50Micros === undefined
      ? []
      : [`round trip ${p50Micros.toFixed(1)}/${p99Micros?.toFixed(1)} µs`]),
    ...(foreignShare === undefined ? [] : [`others ${(foreignShare * 100).toFixed(0)} %`]),
  ];
  const sum = parts.map((part) => part.toFixed(2)).join(' + ');
  return [`${rate.toFixed(0)}/s, ${cpuMicros.toFixed(2)} µs CPU (${sum})`, ...notes].join(', ');
}

function machine(): Figures['machine'] {
  const all = cpus();
  // Over the last fifteen minutes: what the benchmark itself takes is two at most.
  const [, , load = 0] = loadavg();
  return {
    cpu: all[0]?.model ?? 'an unknown processor',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 1_024 ** 3),
    system: `${type()} ${release()}`,
    loadAverage: Math.round(load * 10) / 10,
  };
}

function versions(): Record<string, string> {
  const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', FOLDER), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const products = Object.entries(devDependencies).filter(([name]) => !name.startsWith('@types/'));
  return { 'Node.js': process.versions.node, ...Object.fromEntries(products) };
}

function jsonOf(kept: Figures): string {
  return `${JSON.stringify(kept, undefined, 1)}\n`;
}

function resultFile(startedAt: string): URL {
  mkdirSync(RESULTS, { recursive: true });
  return new URL(`${startedAt.replaceAll(':', '-')}.json`, RESULTS);
}
