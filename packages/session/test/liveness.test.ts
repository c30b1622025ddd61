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
