import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveSessionOptions, WindowBudget } from '../src/index.ts';
import { SessionWindow } from '../src/session-window.ts';
import { WindowGrant } from '../src/window-grant.ts';

describe('a granted window', () => {
  test('doubles once the peer has used it up twice, up to its limit', () => {
    const grant = new WindowGrant({ messages: 2, bytes: 100 }, { messages: 8, bytes: 300 });
    const sizes: [number, number][] = [];
    for (let i = 0; i < 40; i++) {
      grant.came(60);
      if (grant.grow(() => true)) sizes.push([grant.messages, grant.bytes]);
    }
    expect(sizes.at(-1)).toEqual([8, 300]);
    expect(sizes[0]?.[0]).toBe(4);
  });

  test('stays where the budget has no room', () => {
    const grant = new WindowGrant({ messages: 64, bytes: 100 }, { messages: 64, bytes: 800 });
    for (let i = 0; i < 10; i++) grant.came(100);
    expect(grant.grow(() => false)).toBe(false);
    expect(grant.bytes).toBe(100);
  });

  test('shrinks to its beginning, never below what is held, and says what it gives back', () => {
    const grant = new WindowGrant({ messages: 2, bytes: 100 }, { messages: 64, bytes: 800 });
    for (let i = 0; i < 20; i++) {
      grant.came(100);
      grant.grow(() => true);
    }
    expect(grant.bytes).toBe(800);
    expect(grant.shrink(5, 350)).toBe(450);
    expect([grant.messages, grant.bytes]).toEqual([5, 350]);
  });
});

describe('the budget of all windows', () => {
  test('refuses a session that it has no room for, in plain words', () => {
    const budget = new WindowBudget(1_000);
    expect(() => new SessionWindow(resolveSessionOptions(), budget)).toThrow('WILCO_OVERLOADED');
    expect(budget.reservedBytes).toBe(0);
  });

  test('never promises more than it has, whatever sessions do, and gets everything back', () => {
    const step = fc.record({
      kind: fc.constantFrom('open', 'use', 'shrink', 'close'),
      which: fc.nat(5),
      bytes: fc.integer({ min: 1, max: 65_536 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const budget = new WindowBudget(300_000);
        const options = resolveSessionOptions({ windowBytes: 16_384, windowBytesMax: 262_144 });
        const open: SessionWindow[] = [];
        for (const { kind, which, bytes } of steps) {
          const window = open[which];
          if (kind === 'open' && open.length < 6) {
            try {
              open.push(new SessionWindow(options, budget));
            } catch {
              // Full: as it says.
            }
          } else if (kind === 'use') {
            window?.hold(bytes);
            window?.letGo(bytes, 0);
            window?.grow();
          } else if (kind === 'shrink') window?.shrink();
          else if (kind === 'close' && window !== undefined) {
            window.dispose();
            open.splice(which, 1);
          }
          const granted = open.reduce((sum, one) => sum + one.bytes, 0);
          expect(granted).toBeLessThanOrEqual(budget.capacityBytes);
          expect(budget.reservedBytes).toBe(granted);
        }
        for (const window of open) window.dispose();
        expect(budget.reservedBytes).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
