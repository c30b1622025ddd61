import { expect, test } from 'vitest';
import { BLOCK_ROWS, LIVE_HEAD, liveBlock, liveLine, type LiveFacts } from './live-text.ts';

const FACTS: LiveFacts = {
  elapsedMs: 12_345,
  orders: 10_000,
  wilco: {
    name: 'Wilco',
    handedOver: 5_000,
    arrived: 4_321,
    settled: 4_300,
    faults: { cut: 1, stall: 2, reset: 3 },
    resumes: 6,
    perSecond: 351.4,
  },
  plain: {
    name: 'socket.write()',
    handedOver: 5_000,
    arrived: 987,
    settled: 4_999,
    faults: { cut: 2, stall: 2, reset: 2 },
    resumes: 0,
    perSecond: 40,
  },
  happened: ['first', 'second', 'third', 'fourth', 'fifth'],
};

test('the line for a log stands under its head', () => {
  const line = liveLine(FACTS);
  expect(line.split(/[ |]+/).slice(1)).toEqual(
    '12.3 s 5,000 4,321 4,300 351 1 2 3 6 987 4,999 6'.split(' '),
  );
  const bars = (text: string): number[] => [...text.matchAll(/\|/g)].map(({ index }) => index);
  for (const head of LIVE_HEAD.split('\n')) expect(bars(head)).toEqual(bars(line));
});

test('the block for a terminal has as many rows whatever happened, and names what came last', () => {
  const block = liveBlock(FACTS);
  expect(block).toHaveLength(BLOCK_ROWS);
  expect(liveBlock({ ...FACTS, orders: 0, happened: [] })).toHaveLength(BLOCK_ROWS);
  expect(block[0]).toBe(
    '  12.3 s  ███████████████░░░░░░░░░░░░░░░  5,000 of 10,000 orders handed over',
  );
  expect(block).toContain('  arrived                           4,321              987');
  expect(block).toContain('  session resumed                       6                –');
  expect(block.slice(-4)).toEqual(['  second', '  third', '  fourth', '  fifth']);
});
