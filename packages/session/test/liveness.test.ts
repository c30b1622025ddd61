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

test('heartbeats of those who spoke at about the same time are due together, and hardly early', () => {
  const due = [5_001, 5_049.7, 5_099].map((spokeAtMs) => {
    const liveness = new Liveness(25_000, 10_000);
    liveness.attached(25_000, spokeAtMs);
    return liveness.pingAtMs;
  });
  expect(due).toEqual([15_000, 15_000, 15_000]);
});

test('a heartbeat is due on the dot of its interval, however the times round', () => {
  for (const spokeAtMs of [0, 7, 3_843.959540206483, 1e9 + 0.1]) {
    const liveness = new Liveness(100, 40);
    liveness.attached(100, spokeAtMs);
    expect(liveness.pingAtMs).toBeLessThanOrEqual(spokeAtMs + 40);
    expect(liveness.pingAtMs).toBeGreaterThan(spokeAtMs + 39);
  }
});
