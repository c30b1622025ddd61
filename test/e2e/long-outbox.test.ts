import { expect, test } from 'vitest';
import { measureOutbox } from './long-outbox/measure.ts';

test('an outbox that is longer than its head is queued offline by one process and drained by the next, in order', async () => {
  const { wrong, queueRssMib, drainRssMib } = await measureOutbox(40_000, 100);
  expect(wrong).toBe(0);
  // The runtime takes about 50 of it, and as much again before it collects what is not needed.
  expect(Math.max(queueRssMib, drainRssMib)).toBeLessThan(200);
}, 180_000);
