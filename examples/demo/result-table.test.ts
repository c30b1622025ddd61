import { expect, test } from 'vitest';
import { isFlawless, type LaneResult } from './result-table.ts';

const GOOD: LaneResult = {
  name: 'Wilco',
  written: 3,
  succeeded: 3,
  exitCode: 0,
  tally: { arrived: 3, lost: 0, duplicated: 0, outOfOrder: 0, strange: 0 },
  network: { connections: 1, cuts: 0, stalls: 0, resets: 0 },
};

test('a result is flawless where everything arrived once, in order, and its sender knows it', () => {
  expect(isFlawless(GOOD)).toBe(true);
});

test.each([
  { written: 4 },
  { succeeded: 2 },
  { exitCode: 1 },
  { exitCode: 'SIGKILL' },
  { tally: { ...GOOD.tally, arrived: 2, lost: 1 } },
  { tally: { ...GOOD.tally, lost: 1, strange: 1 } },
  { tally: { ...GOOD.tally, duplicated: 1 } },
  { tally: { ...GOOD.tally, outOfOrder: 1 } },
])('with %j it is not', (flaw) => {
  expect(isFlawless({ ...GOOD, ...flaw })).toBe(false);
});
