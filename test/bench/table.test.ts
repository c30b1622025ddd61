import { describe, expect, test } from 'vitest';
import { medianOf, type Run } from './figures.ts';
import { figuresDocument } from './documents.ts';
import { figuresOf, trafficRun } from './figures-of.ts';
import { median } from './median.ts';
import { ROWS } from './rows.ts';
import { meaningsOf, peersTableOf, tableOf } from './table.ts';

const IDLE = ROWS.find(({ kind }) => kind === 'idle');

describe('the table of the benchmark', () => {
  test.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
  ])('the median of %j is %d', (figures, middle) => {
    expect(median(figures)).toBe(middle);
  });

  test('a row sums up the runs of one peer in it, and of no other', () => {
    const figures = figuresOf([
      trafficRun('P64', 'wilco', 1, 100_000, 10),
      trafficRun('P64', 'wilco', 2, 300_000, 30),
      trafficRun('P64', 'wilco', 3, 200_000, 20),
      trafficRun('P64', 'raw', 1, 1, 1),
      trafficRun('P1', 'wilco', 1, 1, 1),
    ]);
    const rateOf = (one: Run): number | undefined => one.traffic?.rate;
    expect(medianOf(figures, 'P64', 'wilco', rateOf)).toBe(200_000);
    expect(medianOf(figures, 'P1', 'raw', rateOf)).toBeUndefined();
  });

  test('it shows rows that were run only, and a dash where a peer was not', () => {
    const table = tableOf(
      figuresOf([
        trafficRun('P64', 'wilco', 1, 123_456, 8.1),
        { row: IDLE?.name ?? '', peer: 'raw', round: 1, memoryBytes: 4_608 },
      ]),
    );
    expect(table.split('\n').slice(2)).toEqual([
      '| 100 B, 64 in flight, one core | 123 k/s (8.1 µs) | – | – | – |',
      '| 5,000 idle connections | – | 4.5 KiB | – | – |',
      '',
    ]);
  });

  test('a peer is a line where there are many, and one that is not installed says so', () => {
    const figures = {
      ...figuresOf([trafficRun('P64', 'wilco', 1, 123_456, 8.1)]),
      missing: { nats: 'x' },
    };
    expect(peersTableOf(figures).split('\n')).toEqual([
      '| | P64 |',
      '| --- | ---: |',
      '| wilco | 123 k/s (8.1 µs) |',
      '| nats | missing |',
      '',
    ]);
    expect(meaningsOf(figures)).toContain('- **nats** is missing: x');
  });

  test('the figures that are kept have every line of the README for Wilco and Socket.IO', () => {
    const [, ...lines] = figuresDocument().split('\n| --- ')[1]?.split('\n') ?? [];
    const cells = lines.slice(0, 9).map((line) => line.split(' | '));
    expect(cells.map((line) => line.length)).toEqual(Array.from({ length: 9 }, () => 6));
    expect(cells.filter((line) => line[1] === '–' || line[5]?.startsWith('–'))).toEqual([]);
  });
});
