import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SendChannel } from '../src/send-channel.ts';
import { Turns } from '../src/turns.ts';

/** Lets channels send for so many turns; returns how many bytes each got. */
function run(channels: readonly SendChannel[], turns: number, frameBytes: number): number[] {
  const order = new Turns();
  const bytes = new Map(channels.map((channel) => [channel, 0]));
  for (let i = 0; i < turns; i++) {
    const channel = order.next(channels, () => true);
    if (channel === undefined) throw new Error('nobody may send');
    order.spend(channel, frameBytes);
    bytes.set(channel, (bytes.get(channel) ?? 0) + frameBytes);
  }
  return [...bytes.values()];
}

function channel(number: number, weight = 1, isUrgent = false): SendChannel {
  return new SendChannel(number, `channel ${String(number)}`, { weight, isUrgent });
}

describe('turns between channels', () => {
  test('nobody gets a turn when nobody may send', () => {
    expect(new Turns().next([channel(1), channel(2)], () => false)).toBeUndefined();
  });

  test('a channel alone always gets it', () => {
    expect(run([channel(1)], 10, 70_000)).toEqual([700_000]);
  });

  test.each([100, 1_000, 16_384, 65_552])(
    'share by weight, with frames of %i bytes',
    (frameBytes) => {
      const shares = run([channel(1, 1), channel(2, 2), channel(3, 5)], 20_000, frameBytes);
      const sum = shares.reduce((a, b) => a + b, 0);
      expect(shares.map((share) => Math.round((share / sum) * 8))).toEqual([1, 2, 5]);
    },
  );

  test('an urgent channel goes first, and starves nobody', () => {
    const shares = run([channel(1), channel(2, 1, true)], 1_700, 100);
    expect(shares[1]).toBeGreaterThan(10 * (shares[0] as number));
    expect(shares[0]).toBeGreaterThan(0);
  });

  test('answers go before urgent channels, and every class moves on', () => {
    const [answers, plain, urgent] = run([channel(0), channel(1), channel(2, 1, true)], 10_000, 50);
    expect(answers).toBeGreaterThan(urgent as number);
    expect(urgent).toBeGreaterThan(plain as number);
    expect(plain).toBeGreaterThan(0);
  });

  test('whoever may send gets a turn in bounded time, whatever the weights and sizes', () => {
    const given = fc.array(
      fc.record({ weight: fc.integer({ min: 1, max: 16 }), isUrgent: fc.boolean() }),
      { minLength: 2, maxLength: 6 },
    );
    fc.assert(
      fc.property(given, fc.integer({ min: 16_000, max: 65_552 }), (settings, frameBytes) => {
        const channels = settings.map(({ weight, isUrgent }, i) =>
          channel(i + 1, weight, isUrgent),
        );
        for (const share of run(channels, 5_000, frameBytes)) expect(share).toBeGreaterThan(0);
      }),
      { numRuns: 30 },
    );
  });
});
