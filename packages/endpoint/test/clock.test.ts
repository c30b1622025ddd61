import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../src/clock.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('a deadline farther away than a timer can wait is not due at once', () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  for (const farMs of [2 ** 31, 2 ** 40, Infinity]) {
    systemClock.schedule(systemClock.nowMs() + farMs, () => {})();
  }
  // Beyond this Node.js fires after one millisecond.
  expect(timers.mock.calls.map(([, delayMs]) => delayMs)).toEqual([0, 0, 0].map(() => 2 ** 31 - 1));
});
