import { expect, test } from 'vitest';
import { measureOutbox } from './long-outbox/measure.ts';

test('an outbox that is longer than its head is queued offline by one process and drained by the next, in order', async () => {
  const { wrong, queueRssMib, drainRssMib } = await measureOutbox(40_000, 100);
  expect(wrong).toBe(0);
  // The runtime and its loader of TypeScript take about 100 of it.
  expect(Math.max(queueRssMib, drainRssMib)).toBeLessThan(300);
}, 180_000);
