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

test('a witness of which a loss of power has torn one slot survives another one while it begins', async () => {
  const clock: StoreClock = { nowMs: () => 0, schedule: () => () => {} };
  let written: Uint8Array = new Uint8Array(256);
  let synced: Uint8Array = written;
  /** What a loss of power leaves: up to some byte what was written, behind it what was synced. */
  const left: Uint8Array[] = [];
  const file = {
    read: () => Promise.resolve(written),
    write: (bytes: Uint8Array, at: number) => {
      written = written.slice();
      written.set(bytes, at);
      for (let end = 0; end <= 256; end++) {
        const mixed = synced.slice();
        mixed.set(written.subarray(0, end));
        left.push(mixed);
      }
      return Promise.resolve();
    },
    sync: () => Promise.resolve(void (synced = written)),
    close: () => Promise.resolve(),
  };
  await new Witness(file, clock, () => {}).begin('a store', 15);
  written = synced = synced.fill(0, 255);
  left.length = 0;
  const witness = new Witness(file, clock, () => {});
  expect(await witness.read()).toMatchObject({ state: 'said', number: 15 });
  await witness.begin('a store', 16);
  for (const bytes of left) {
    written = bytes;
    expect(await new Witness(file, clock, () => {}).read()).toMatchObject({ state: 'said' });
  }
});
