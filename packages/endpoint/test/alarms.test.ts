import { expect, test } from 'vitest';
import { Alarms, type Alarm } from '../src/alarms.ts';
import { ManualClock } from './manual-clock.ts';

class Bell implements Alarm {
  deadlineMs = Infinity;
  heapIndex = -1;
  readonly rang: number[] = [];
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  ring(): void {
    this.rang.push(this.#clock.nowMs());
  }
}

test('many alarms share one timer, and each rings at its time, once', async () => {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const alarms = Alarms.of(clock);
  const bells = [30, 10, 20, 10].map((afterMs) => {
    const bell = new Bell(clock);
    alarms.set(bell, startMs + afterMs);
    return bell;
  });
  expect(clock.pending).toBe(1);
  await clock.advance(100);
  expect(bells.map(({ rang }) => rang.map((atMs) => atMs - startMs))).toEqual([
    [30],
    [10],
    [20],
    [10],
  ]);
  expect(clock.pending).toBe(0);
});

test('what was removed does not ring, and nothing keeps the process alive for it', async () => {
  const clock = new ManualClock();
  const bell = new Bell(clock);
  Alarms.of(clock).set(bell, clock.nowMs() + 10);
  Alarms.of(clock).remove(bell);
  expect(clock.pending).toBe(0);
  await clock.advance(100);
  expect(bell.rang).toEqual([]);
});

test('one that throws keeps no other from ringing', async () => {
  const clock = new ManualClock();
  const [bad, good] = [new Bell(clock), new Bell(clock)];
  bad.ring = () => {
    throw new Error('broken');
  };
  Alarms.of(clock).set(bad, clock.nowMs() + 10);
  Alarms.of(clock).set(good, clock.nowMs() + 10);
  await clock.advance(10).catch(() => undefined);
  await clock.advance(10);
  expect(good.rang).toHaveLength(1);
});
