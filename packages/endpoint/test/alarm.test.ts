import { expect, test } from 'vitest';
import { Alarm } from '../src/alarm.ts';
import { ManualClock } from './manual-clock.ts';

class Bell extends Alarm {
  readonly rang: number[] = [];
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    super(clock);
    this.#clock = clock;
  }

  ring(): void {
    this.rang.push(this.#clock.nowMs());
  }
}

test('many alarms share one timer, and each rings at its time, once', async () => {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const bells = [30, 10, 20, 10].map((afterMs) => {
    const bell = new Bell(clock);
    bell.ringBy(startMs + afterMs);
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
  bell.ringBy(clock.nowMs() + 10);
  bell.silence();
  expect(clock.pending).toBe(0);
  await clock.advance(100);
  expect(bell.rang).toEqual([]);
});

test('what is set for later stays where it was, and rings earlier than it needs', async () => {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const bell = new Bell(clock);
  bell.ringBy(startMs + 10);
  bell.ringBy(startMs + 30);
  await clock.advance(20);
  expect(bell.rang).toEqual([startMs + 10]);
});

test('one that throws keeps no other from ringing', async () => {
  const clock = new ManualClock();
  const [bad, good] = [new Bell(clock), new Bell(clock)];
  bad.ring = () => {
    throw new Error('broken');
  };
  bad.ringBy(clock.nowMs() + 10);
  good.ringBy(clock.nowMs() + 10);
  await clock.advance(10).catch(() => undefined);
  await clock.advance(10);
  expect(good.rang).toHaveLength(1);
});

test('what came in while the process slept is read before anything rings', async () => {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const bell = new Bell(clock);
  bell.ringBy(startMs + 10);
  const order: string[] = [];
  bell.ring = () => order.push('rings');
  await clock.keepBusy(50, () => clock.defer(() => order.push('is read')));
  expect(order).toEqual(['is read', 'rings']);
});

test('what is set for later while it is due rings later, and only then', async () => {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const [first, second] = [new Bell(clock), new Bell(clock)];
  first.ringBy(startMs + 10);
  second.ringBy(startMs + 10);
  const ring = first.ring.bind(first);
  first.ring = () => {
    ring();
    second.silence();
    second.ringBy(startMs + 30);
  };
  await clock.advance(100);
  expect([first, second].map(({ rang }) => rang.map((atMs) => atMs - startMs))).toEqual([
    [10],
    [30],
  ]);
});
