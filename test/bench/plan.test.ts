import { describe, expect, test } from 'vitest';
import { planOf, type PlannedRun } from './plan.ts';
import type { Peer } from './peer.ts';
import { takes } from './peers-available.ts';
import { ROWS, type Row } from './rows.ts';

const WILCO = peerOf({ name: 'wilco', kind: 'wilco', carries: 'both', stores: 'also' });
const RAW = peerOf({ name: 'raw', kind: 'bound' });
const GRPC = peerOf({ name: 'grpc' });
const REDIS_ALWAYS = peerOf({ name: 'redis-always', stores: 'only' });
const MODEL = peerOf({ name: 'model', kind: 'bound', carries: 'objects' });
const ALL = [WILCO, RAW, GRPC, REDIS_ALWAYS, MODEL];

describe('who runs in a row', () => {
  test.each([
    ['P64', ['wilco', 'raw', 'grpc']],
    ['PO64', ['wilco', 'model']],
    ['D64', ['wilco', 'redis-always']],
    ['C1000', ['wilco', 'raw']],
    ['A1mi', ['wilco']],
    ['I5000', []],
    ['H10000', ['wilco']],
    ['E10', ['wilco']],
    ['L600', ['wilco']],
  ])('%s: %j', (name, names) => {
    expect(ALL.filter((peer) => takes(peer, rowOf(name))).map((peer) => peer.name)).toEqual(names);
  });
});

describe('the order of runs', () => {
  test('peers take turns within a row, rows within a round', () => {
    const plan = planOf([rowOf('P1'), rowOf('P64')], [WILCO, RAW], 2, false);
    expect(plan.map(textOf)).toEqual([
      ...['1 P1 wilco', '1 P1 raw', '1 P64 wilco', '1 P64 raw'],
      ...['2 P1 wilco', '2 P1 raw', '2 P64 wilco', '2 P64 raw'],
    ]);
  });

  test('the matrix repeats only what a target compares', () => {
    const plan = planOf([rowOf('P64'), rowOf('A1024'), rowOf('L600')], ALL, 2, true);
    expect(plan.filter(({ round }) => round === 2).map(textOf)).toEqual([
      ...['2 P64 wilco', '2 P64 raw'],
      ...['2 A1024 wilco', '2 A1024 raw', '2 A1024 grpc'],
    ]);
  });
});

function rowOf(name: string): Row {
  const found = ROWS.find((row) => row.name === name);
  if (found === undefined) throw new TypeError(`there is no row ${name}`);
  return found;
}

function textOf({ round, row, peer }: PlannedRun): string {
  return `${round} ${row.name} ${peer.name}`;
}

function peerOf(traits: Partial<Peer>): Peer {
  return {
    name: '',
    meaning: '',
    kind: 'product',
    acknowledgedBy: 'application',
    carries: 'bytes',
    startReceiver: () => Promise.reject(new Error('no receiver')),
    startSender: () => Promise.reject(new Error('no sender')),
    ...traits,
  };
}
