import { describe, expect, test } from 'vitest';
import { figuresOf, trafficRun } from './figures-of.ts';
import { slopeOf } from './long-run.ts';
import { ROWS } from './rows.ts';
import { targetsTableOf } from './targets-table.ts';
import { COMPARED, isReached, TARGETS } from './targets.ts';

const ALL = TARGETS.flatMap(({ must, want }) => [...must, ...want]);

function boundOf(text: string) {
  const found = ALL.find((bound) => bound.text === text);
  if (found === undefined) throw new TypeError(`there is no target ${text}`);
  return found;
}

describe('the targets', () => {
  test('compare medians of the same row', () => {
    const figures = figuresOf([
      trafficRun('P64', 'wilco', 1, 500_000, 2),
      trafficRun('P64', 'wilco', 2, 700_000, 1),
      trafficRun('P64', 'socket-io', 1, 100_000, 10),
      trafficRun('A1024', 'socket-io', 1, 1, 1),
    ]);
    expect(boundOf('P64 ≥ 5 × socket-io').value(figures)).toBe(6);
    expect(isReached(boundOf('P64 ≥ 5 × socket-io'), figures)).toBe(true);
    expect(isReached(boundOf('P64 ≥ 10 × socket-io'), figures)).toBe(false);
    expect(isReached(boundOf('A1024 ≥ 5.5 × socket-io'), figures)).toBeUndefined();
  });

  test('every other peer is each that one would pick, and no bound', () => {
    const figures = figuresOf([
      trafficRun('A1024', 'wilco', 1, 400_000, 2),
      trafficRun('A1024', 'raw', 1, 4_000_000, 0.1),
      trafficRun('A1024', 'ws-ack', 1, 200_000, 5),
      trafficRun('A1024', 'socket-io', 1, 100_000, 5),
    ]);
    expect(boundOf('A1024 ≥ 3 × every other peer').value(figures)).toBe(2);
  });

  test('growth with connections is told by how the plain socket grows', () => {
    const figures = figuresOf([
      trafficRun('C1', 'wilco', 1, 1, 2),
      trafficRun('C1000', 'wilco', 1, 1, 6),
      trafficRun('C1', 'raw', 1, 1, 1),
      trafficRun('C1000', 'raw', 1, 1, 2),
    ]);
    expect(boundOf('CPU from 1 to 1,000 connections ≤ 1.15 × as raw does').value(figures)).toBe(
      1.5,
    );
  });

  test('the table says what was reached, what was not, and what nobody measured', () => {
    const figures = figuresOf([
      trafficRun('P64', 'wilco', 1, 600_000, 2),
      trafficRun('P64', 'socket-io', 1, 100_000, 10),
    ]);
    expect(targetsTableOf(figures).split('\n')).toEqual([
      '| work | must | want |',
      '| --- | --- | --- |',
      '| 100 B, 64 in flight, one core | P64 ≥ 5 × socket-io: 6.00, reached | ' +
        'P64 ≥ 10 × socket-io: 6.00, **not reached**<br>P64 ≥ 0.2 × raw: not measured |',
      '',
    ]);
  });

  test('name rows that there are', () => {
    const rows = new Set(ROWS.map(({ name }) => name));
    expect(Object.keys(COMPARED).filter((row) => !rows.has(row))).toEqual([]);
    expect(TARGETS).toHaveLength(11);
  });
});

describe('the slope of memory', () => {
  test.each([
    [[1, 2, 3, 4], 1],
    [[5, 5, 5], 0],
    [[4, 0, 4, 0, 4], 0],
    [[7], 0],
  ])('of %j is %d', (values, slope) => {
    expect(slopeOf(values)).toBeCloseTo(slope, 10);
  });
});
