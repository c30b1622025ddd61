import { expect, test } from 'vitest';
import { TurnEnds } from '../src/turn-ends.ts';
import { WakeTimer } from '../src/wake-timer.ts';
import { ManualClock } from './manual-clock.ts';

test('all have their end of the turn in one deferred call, in the order in which they asked', async () => {
  const clock = new ManualClock();
  const ended: number[] = [];
  for (const one of [1, 2, 3]) TurnEnds.of(clock).add({ turnEnds: () => ended.push(one) });
  expect(clock.pending).toBe(1);
  await clock.settle();
  expect(ended).toEqual([1, 2, 3]);
});

test('the last one knows that nobody comes behind it, an alarm that rings among others does not', async () => {
  const clock = new ManualClock();
  const ends = TurnEnds.of(clock);
  const seen: [string, boolean][] = [];
  const add = (name: string): void => {
    ends.add({ turnEnds: () => seen.push([name, ends.isLast]) });
  };
  for (const name of ['first', 'second']) add(name);
  await clock.settle();
  for (const name of ['alarm', 'another']) {
    new WakeTimer(clock, () => add(name)).ringBy(clock.nowMs() + 10);
  }
  await clock.advance(10);
  expect(seen).toEqual([
    ['first', false],
    ['second', true],
    ['alarm', false],
    ['another', false],
  ]);
  expect(ends.isLast).toBe(false);
});

test('who asks while a turn ends has the end of the next', async () => {
  const clock = new ManualClock();
  const ended: string[] = [];
  TurnEnds.of(clock).add({
    turnEnds: () => {
      TurnEnds.of(clock).add({ turnEnds: () => ended.push('next') });
      ended.push('first');
    },
  });
  TurnEnds.of(clock).add({ turnEnds: () => ended.push('second') });
  await clock.settle();
  expect(ended).toEqual(['first', 'second', 'next']);
});

test('several who ask while a turn ends take nobody else his end', async () => {
  const clock = new ManualClock();
  const ended: string[] = [];
  const add = (name: string): void => {
    TurnEnds.of(clock).add({ turnEnds: () => ended.push(name) });
  };
  TurnEnds.of(clock).add({ turnEnds: () => ['next', 'next but one'].forEach(add) });
  add('second');
  await clock.settle();
  expect(ended).toEqual(['second', 'next', 'next but one']);
});

test('one that throws takes the end of its turn from nobody', async () => {
  const clock = new ManualClock();
  const ended: number[] = [];
  TurnEnds.of(clock).add({
    turnEnds: () => {
      throw new Error('broken');
    },
  });
  TurnEnds.of(clock).add({ turnEnds: () => ended.push(2) });
  await expect(clock.settle()).rejects.toThrow('broken');
  await clock.settle();
  expect(ended).toEqual([2]);
});

test('an alarm rings at the end of a turn: what it leads to has its end at once', async () => {
  const clock = new ManualClock();
  const order: string[] = [];
  for (const name of ['first', 'second']) {
    const timer = new WakeTimer(clock, () => {
      order.push(`${name} rings`);
      TurnEnds.of(clock).add({ turnEnds: () => order.push(`${name} ends`) });
    });
    timer.ringBy(clock.nowMs() + 10);
  }
  await clock.advance(10);
  expect(order).toEqual(['first rings', 'first ends', 'second rings', 'second ends']);
});
