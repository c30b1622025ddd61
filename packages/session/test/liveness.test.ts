import { expect, test } from 'vitest';
import { Liveness } from '../src/liveness.ts';

test('a deadline that has come is a verdict, however the times round', () => {
  const heardAtMs = 3_843.959540206483;
  const liveness = new Liveness(400, 100);
  liveness.attached(400, heardAtMs);
  // The sum is the deadline, but the difference to it is a little less than 400.
  expect(liveness.deadAtMs - heardAtMs).toBeLessThan(400);
  expect(liveness.verdict(liveness.deadAtMs)?.code).toBe('WILCO_PEER_SILENT');
});

test('a process that sleeps again before it came to ask gives an answer period once more', () => {
  const liveness = new Liveness(1_000, 400);
  liveness.attached(1_000, 0);
  liveness.expects(400);
  expect(liveness.noticeSleep(5_000)).toBe(true);
  liveness.heard(5_000);
  // The flush that asks the peer was to come at once, and comes after another sleep.
  expect(liveness.noticeSleep(10_000)).toBe(true);
  expect(liveness.verdict(10_000)).toBeUndefined();
  expect(liveness.verdict(10_400)?.code).toBe('WILCO_PEER_SILENT');
});
