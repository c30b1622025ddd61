import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '@wilco/protocol';
import { WindowBudget } from '@wilco/session';
import { fairShare } from '../src/outbox-share.ts';

const OVERHEAD = LIMITS.messageOverheadBytes;

test('outboxes that nobody reads from leave the others room, and the less they hold the more', () => {
  const total = new WindowBudget(1_000_000);
  const frozen = [0, 1, 2].map(() => {
    const share = fairShare(total);
    let taken = 0;
    while (share.reserve(10_000 - OVERHEAD)) taken += 10_000;
    return taken;
  });
  expect(frozen).toEqual([500_000, 250_000, 130_000]);
  const healthy = fairShare(total);
  expect(healthy.reserve(50_000)).toBe(true);
});

test('a share that follows another holds what that one held', () => {
  const total = new WindowBudget(1_000_000);
  const [before, after] = [fairShare(total), fairShare(total)];
  while (before.reserve(10_000 - OVERHEAD));
  after.inherit(before);
  expect(after.reserve(10_000)).toBe(false);
  expect(before.reserve(10_000)).toBe(true);
});

test('empty messages take room, too', () => {
  const share = fairShare(new WindowBudget(1_000 * OVERHEAD));
  let count = 0;
  while (share.reserve(0)) count += 1;
  expect(count).toBe(500);
});

test('the outboxes of all never hold more than there is, and give everything back', () => {
  const step = fc.record({ which: fc.nat(4), bytes: fc.nat(40_000), isTaken: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 200 }), (steps) => {
      const total = new WindowBudget(300_000);
      const shares = Array.from({ length: 5 }, () => fairShare(total));
      const held: number[][] = shares.map(() => []);
      for (const { which, bytes, isTaken } of steps) {
        const last = isTaken ? undefined : held[which]?.pop();
        if (last !== undefined) shares[which]?.release(last);
        else if (shares[which]?.reserve(bytes) === true) held[which]?.push(bytes);
        const sum = held.flat().reduce((all, one) => all + one + OVERHEAD, 0);
        expect(total.reservedBytes).toBe(sum);
        expect(sum).toBeLessThanOrEqual(total.capacityBytes);
      }
      for (const [which, share] of shares.entries()) {
        for (const bytes of held[which] ?? []) share.release(bytes);
      }
      expect(total.reservedBytes).toBe(0);
    }),
  );
});
