import { expect, test } from 'vitest';
import { Pipe } from '../src/pipe.ts';

const MIB = 1024 * 1024;

interface Link {
  readonly bytesPerMs: number;
  readonly delayMs: number;
}

/** Keeps as much on the way as the pipe allows, and measures once in each round trip. */
function saturate(pipe: Pipe, { bytesPerMs, delayMs }: Link, trips: number): void {
  pipe.measured(100, delayMs);
  for (let trip = 0; trip < trips; trip++) {
    const bytes = pipe.limitBytes;
    pipe.measured(bytes, Math.max(delayMs, bytes / bytesPerMs));
  }
}

test('what waits in front of a slow link does not grow, however often it is measured', () => {
  const pipe = new Pipe();
  saturate(pipe, { bytesPerMs: 3_000, delayMs: 10 }, 50);
  expect(pipe.limitBytes).toBe(MIB);
});

test('a long link is filled: twice what it holds may be on its way', () => {
  const pipe = new Pipe();
  saturate(pipe, { bytesPerMs: 10_000, delayMs: 150 }, 50);
  expect(pipe.limitBytes).toBeCloseTo(2 * 10_000 * 150, -3);
});

test('no link is given more than the largest window', () => {
  const pipe = new Pipe();
  saturate(pipe, { bytesPerMs: 100_000, delayMs: 500 }, 50);
  expect(pipe.limitBytes).toBe(4 * MIB);
});

test('nothing that one connection has shown holds for the next', () => {
  const pipe = new Pipe();
  saturate(pipe, { bytesPerMs: 100_000, delayMs: 500 }, 50);
  pipe.reset();
  expect(pipe.limitBytes).toBe(MIB);
  saturate(pipe, { bytesPerMs: 100, delayMs: 500 }, 5);
  expect(pipe.limitBytes).toBe(MIB);
});
