import { describe, expect, test } from 'vitest';
import { FaultPlan } from '../../src/proxy/fault-plan.ts';

const NEVER = { cut: Infinity, stall: Infinity, reset: Infinity, corrupt: Infinity };

describe('FaultPlan', () => {
  test('lets a fault strike within half to one and a half of its gap', () => {
    for (let seed = 0; seed < 200; seed++) {
      const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 1_000 }, seed });
      traffic(plan, 5_000, 5_499);
      expect(plan.due()).toBeUndefined();
      traffic(plan, 5_500, 6_500);
      expect(plan.due()).toBe('cut');
    }
  });

  test('never lets a fault strike that was not asked for', () => {
    const plan = new FaultPlan({ everyMs: NEVER, seed: 1 });
    traffic(plan, 0, 100_000);
    expect(plan.due()).toBeUndefined();
  });

  test('counts a pause as a tenth of a second, however long it was', () => {
    const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 1_000 }, seed: 1 });
    plan.advance(0);
    plan.advance(100_000);
    plan.advance(200_000);
    expect(plan.due()).toBeUndefined();
    for (let second = 201; second < 216; second++) plan.advance(second * 1_000);
    expect(plan.due()).toBe('cut');
  });

  test('begins the next gap when a fault has struck, so that faults do not pile up', () => {
    const plan = new FaultPlan({ everyMs: { ...NEVER, reset: 100 }, seed: 3 });
    traffic(plan, 0, 10_000);
    plan.take('reset');
    expect(plan.due()).toBeUndefined();
    traffic(plan, 10_000, 10_049);
    expect(plan.due()).toBeUndefined();
    traffic(plan, 10_050, 10_150);
    expect(plan.due()).toBe('reset');
  });

  test('lets the fault go first that has waited longest', () => {
    const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 10_000, stall: 1_000 }, seed: 9 });
    traffic(plan, 0, 20_000);
    expect(plan.due()).toBe('stall');
    plan.take('stall');
    expect(plan.due()).toBe('cut');
  });

  test('lets a demanded fault go before all others, once', () => {
    const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 10 }, seed: 1 });
    traffic(plan, 0, 1_000);
    plan.demand('reset');
    expect(plan.due()).toBe('reset');
    plan.take('reset');
    expect(plan.due()).toBe('cut');
  });

  test('draws the same for the same seed, and something else for another', () => {
    expect(strikes(1)).toEqual(strikes(1));
    expect(strikes(1)).not.toEqual(strikes(2));
  });

  test('picks whole numbers from the whole range and from nowhere else', () => {
    const plan = new FaultPlan({ everyMs: NEVER, seed: 4 });
    const picked = new Set(Array.from({ length: 500 }, () => plan.pick(3, 7)));
    expect([...picked].toSorted()).toEqual([3, 4, 5, 6, 7]);
  });
});

/** A frame passes each millisecond. */
function traffic(plan: FaultPlan, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs++) plan.advance(nowMs);
}

/** What strikes in ten seconds in which something passes every millisecond. */
function strikes(seed: number): string[] {
  const plan = new FaultPlan({ everyMs: { ...NEVER, cut: 300, stall: 500 }, seed });
  const struck: string[] = [];
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    plan.advance(nowMs);
    const fault = plan.due();
    if (fault === undefined) continue;
    plan.take(fault);
    struck.push(`${nowMs} ${fault} ${plan.pick(0, 99)}`);
  }
  return struck;
}
