import { expect, test } from 'vitest';
import { Witness } from '../../src/level/witness.ts';
import type { StoreClock } from '../../src/level/store-clock.ts';

test('a witness that is closed while it writes waits for that, and for no timer, which keeps no process alive', async () => {
  const timers: (() => void)[] = [];
  const clock: StoreClock = {
    nowMs: () => 0,
    schedule: (_atMs, run) => {
      timers.push(run);
      return () => {};
    },
  };
  const steps: string[] = [];
  let finishWrite: () => void = () => {};
  const file = {
    read: () => Promise.resolve(undefined),
    write: () => {
      steps.push('write');
      return new Promise<void>((resolve) => (finishWrite = resolve));
    },
    sync: () => Promise.resolve(void steps.push('sync')),
    close: () => Promise.resolve(void steps.push('close')),
  };
  const witness = new Witness(file, clock, () => {});
  witness.note(1);
  expect(steps).toEqual(['write']);
  const closed = witness.close();
  finishWrite();
  await closed;
  expect(steps.at(-1)).toBe('close');
  expect(timers).toEqual([]);
});
