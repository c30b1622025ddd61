import { describe, expect, test } from 'vitest';
import { SeededRandom, VirtualClock } from '../src/index.ts';

describe('a virtual clock', () => {
  test('stands still until told to move, then stops at every deadline on the way', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.schedule(50, () => seen.push(`b at ${clock.nowMs()}`));
    clock.schedule(20, () => seen.push(`a at ${clock.nowMs()}`));
    expect(clock.nowMs()).toBe(0);
    clock.advanceTo(100);
    expect(seen).toEqual(['a at 20', 'b at 50']);
    expect(clock.nowMs()).toBe(100);
  });

  test('runs what is due at the same moment in the order of its making', () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    for (let index = 0; index < 50; index++) clock.schedule(index % 5, () => seen.push(index));
    clock.advanceTo(5);
    const expected = Array.from({ length: 50 }, (_, index) => index).sort(
      (a, b) => (a % 5) - (b % 5) || a - b,
    );
    expect(seen).toEqual(expected);
  });

  test('runs what is deferred when the turn has read all its input, before what the turn planned', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.schedule(10, () => {
      seen.push('first input');
      clock.defer(() => seen.push('end of the turn'));
      clock.schedule(10, () => seen.push('next turn'));
    });
    clock.schedule(10, () => seen.push('second input'));
    clock.advanceTo(10);
    expect(seen).toEqual(['first input', 'second input', 'end of the turn', 'next turn']);
  });

  test('runs what is deferred at the end of a turn at the end of the next', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.defer(() => {
      seen.push('one');
      clock.defer(() => seen.push('three'));
      clock.schedule(0, () => seen.push('two'));
    });
    clock.advanceTo(0);
    expect(seen).toEqual(['one', 'two', 'three']);
  });

  test('forgets what is cancelled, and counts what is not', () => {
    const clock = new VirtualClock();
    const cancel = clock.schedule(10, () => expect.unreachable());
    clock.schedule(20, () => {});
    clock.defer(() => {});
    cancel();
    cancel();
    expect(clock.pending).toBe(2);
    clock.advanceTo(30);
    expect(clock.pending).toBe(0);
  });

  test('lets the wall clock jump without the monotonic time noticing', () => {
    const clock = new VirtualClock();
    const before = clock.wallMs();
    clock.advanceTo(100);
    clock.jumpWall(-5_000);
    expect([clock.nowMs(), clock.wallMs() - before]).toEqual([100, -4_900]);
  });

  test('lets all promise reactions of an event happen before the next event', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.schedule(1, () => void reactions(seen, 50));
    clock.schedule(1, () => seen.push('next event'));
    await clock.run(1);
    expect(seen).toEqual(['reactions over', 'next event']);
  });

  test('ends a run without end when nothing is left to happen', async () => {
    const clock = new VirtualClock();
    clock.schedule(7, () => {});
    expect(await clock.run(Infinity)).toBe(false);
    clock.advanceTo(Infinity);
    expect(clock.nowMs()).toBe(7);
  });

  test('stops as soon as the condition holds', async () => {
    const clock = new VirtualClock();
    let count = 0;
    for (let atMs = 1; atMs <= 10; atMs++) clock.schedule(atMs, () => (count += 1));
    expect(await clock.run(Infinity, () => count === 3)).toBe(true);
    expect(clock.nowMs()).toBe(3);
    expect(await clock.run(20, () => count === 100)).toBe(false);
    expect(clock.nowMs()).toBe(20);
  });
});

describe('seeded randomness', () => {
  test('repeats itself, and is another with another seed', () => {
    expect(draw(new SeededRandom(7))).toEqual(draw(new SeededRandom(7)));
    expect(draw(new SeededRandom(7))).not.toEqual(draw(new SeededRandom(8)));
  });

  test('gives each name a stream that nobody else moves', () => {
    const random = new SeededRandom(7);
    const expected = draw(random.split('network'));
    draw(random);
    expect(draw(random.split('network'))).toEqual(expected);
    expect(draw(random.split('store'))).not.toEqual(expected);
  });

  test('spreads evenly over its range, ends included', () => {
    const random = new SeededRandom(1);
    const counts = [0, 0, 0, 0, 0];
    for (let draws = 0; draws < 10_000; draws++)
      counts[random.int(0, 4)] = (counts[random.int(0, 4)] ?? 0) + 1;
    for (const count of counts) expect(count).toBeGreaterThan(100);
  });

  test('shuffles without losing anything', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = new SeededRandom(3).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.toSorted()).toEqual(items);
  });

  test('skews towards small numbers, and reaches large ones', () => {
    const random = new SeededRandom(5);
    const drawn = Array.from({ length: 2_000 }, () => random.skewed(1_000));
    expect(Math.min(...drawn)).toBe(1);
    expect(Math.max(...drawn)).toBeGreaterThan(900);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(1_001);
    expect(drawn.filter((value) => value < 32).length).toBeGreaterThan(800);
  });
});

async function reactions(seen: string[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) await Promise.resolve();
  seen.push('reactions over');
}

function draw(random: SeededRandom): number[] {
  return [...random.bytes(4), random.fraction(), random.int(0, 1_000)];
}
