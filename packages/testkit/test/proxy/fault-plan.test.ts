import { describe, expect, test } from 'vitest';
import { FaultPlan } from '../../src/proxy/fault-plan.ts';

const NEVER = { cut: Infinity, stall: Infinity, reset: Infinity, corrupt: Infinity };

describe('FaultPlan', () => {
  test('lets a fault strike within half to one and a half of its gap', () => {
    for (let seed = 0; seed < 200; seed++) {
      const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 1_000 }, seed }, 5_000);
      expect(plan.due(5_499)).toBeUndefined();
      expect(plan.due(6_500)).toBe('cut');
    }
  });

  test('never lets a fault strike that was not asked for', () => {
    const plan = new FaultPlan({ everyMs: NEVER, seed: 1 }, 0);
    expect(plan.due(Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  test('begins the next gap when a fault has struck, so that faults do not pile up', () => {
    const plan = new FaultPlan({ everyMs: { ...NEVER, reset: 100 }, seed: 3 }, 0);
    expect(plan.due(100_000)).toBe('reset');
    plan.take('reset', 100_000);
    expect(plan.due(100_049)).toBeUndefined();
    expect(plan.due(100_150)).toBe('reset');
  });

  test('lets the fault go first that has waited longest', () => {
    const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 10_000, stall: 10 }, seed: 9 }, 0);
    const order = [];
    for (let turn = 0; turn < 2; turn++) {
      const fault = plan.due(20_000) ?? 'corrupt';
      order.push(fault);
      plan.take(fault, 20_000);
    }
    expect(order).toEqual(['stall', 'cut']);
  });

  test('lets a demanded fault go before all others, once', () => {
    const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 10 }, seed: 1 }, 0);
    plan.demand('reset');
    expect(plan.due(1_000)).toBe('reset');
    plan.take('reset', 1_000);
    expect(plan.due(1_000)).toBe('cut');
  });

  test('draws the same for the same seed, and something else for another', () => {
    expect(strikes(1)).toEqual(strikes(1));
    expect(strikes(1)).not.toEqual(strikes(2));
  });

  test('picks whole numbers from the whole range and from nowhere else', () => {
    const plan = new FaultPlan({ everyMs: NEVER, seed: 4 }, 0);
    const picked = new Set(Array.from({ length: 500 }, () => plan.pick(3, 7)));
    expect([...picked].toSorted()).toEqual([3, 4, 5, 6, 7]);
  });
});

/** What strikes in ten seconds in which something passes every millisecond. */
function strikes(seed: number): string[] {
  const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 300, stall: 500 }, seed }, 0);
  const struck: string[] = [];
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    const fault = plan.due(nowMs);
    if (fault === undefined) continue;
    plan.take(fault, nowMs);
    struck.push(`${nowMs} ${fault} ${plan.pick(0, 99)}`);
  }
  return struck;
}
