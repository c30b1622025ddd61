import type { Delivery } from '@wilco/session';
import { expect, test } from 'vitest';
import { OwnerCalls, type SessionDriverOwner } from '../src/owner-calls.ts';

/** More than a list keeps places for. */
const MANY = 200;

/** An owner that does this when it is told to start a delivery; of nothing else it is told here. */
function ownerThat(start: (name: number) => void): SessionDriverOwner {
  const owner = { start: ({ seq }: Delivery) => start(seq) };
  return owner as SessionDriverOwner;
}

function delivery(seq: number): Delivery {
  return { seq } as Delivery;
}

test('what an owner is told comes in order, with what joins meanwhile at the end', () => {
  const told: number[] = [];
  const calls = new OwnerCalls(
    ownerThat((name) => {
      told.push(name);
      if (name < MANY) calls.start(delivery(name + MANY));
    }),
  );
  for (let round = 0; round < 3; round++) {
    told.length = 0;
    for (let name = 0; name < MANY; name++) calls.start(delivery(name));
    calls.run();
    expect(told).toEqual(Array.from({ length: 2 * MANY }, (_, name) => name));
    expect(calls.isEmpty).toBe(true);
  }
});

test('a call that throws is done, and those behind it are for the next time', () => {
  const told: number[] = [];
  const calls = new OwnerCalls(
    ownerThat((name) => {
      told.push(name);
      if (name === 1) throw new Error('not this one');
    }),
  );
  for (const name of [0, 1, 2, 3]) calls.start(delivery(name));
  expect(() => calls.run()).toThrow('not this one');
  expect(told).toEqual([0, 1]);
  calls.start(delivery(4));
  calls.run();
  expect(told).toEqual([0, 1, 2, 3, 4]);
  expect(calls.isEmpty).toBe(true);
});
