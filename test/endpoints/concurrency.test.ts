import { describe, expect, test } from 'vitest';
import { defineMessage } from '@wilco/client';
import type { ServerOptions } from '@wilco/server';
import { virtualPair } from './virtual-pair.ts';

const Fast = defineMessage<number>('fast');
const Slow = defineMessage<number>('slow');

describe('handlers side by side', () => {
  test('run as many at once as their type allows, one of a type that says nothing', async () => {
    const { most } = await runAll({}, 3);
    expect(most).toEqual({ orders: 3, other: 3, together: 6 });
    expect((await runAll({}, 1)).most).toEqual({ orders: 1, other: 1, together: 2 });
  });

  test('run no more at once than their channel allows, though their type would', async () => {
    const { most, started } = await runAll({ orders: { concurrency: 2 } }, 3);
    expect(most).toEqual({ orders: 2, other: 3, together: 5 });
    expect(started).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('run no more at once than their type allows, though their channel would', async () => {
    const { most } = await runAll({ orders: { concurrency: 8 } }, 3);
    expect(most).toEqual({ orders: 3, other: 3, together: 6 });
  });

  test('of several types share the limit of their channel, and start in the order sent', async () => {
    const pair = await virtualPair({ server: { channels: { default: { concurrency: 2 } } } });
    const started: number[] = [];
    let running = 0;
    let most = 0;
    for (const type of [Fast, Slow]) {
      const handler = async (number: number): Promise<void> => {
        started.push(number);
        most = Math.max(most, ++running);
        await sleep(pair.clock, type === Fast ? 10 : 25);
        running -= 1;
      };
      pair.server.handle(type, handler, { concurrency: 8 });
    }
    for (let i = 1; i <= 10; i++) pair.client.send(i % 3 === 0 ? Slow : Fast, i);
    let isDrained = false;
    void pair.client.drain().then(() => (isDrained = true));
    await pair.until(() => isDrained);
    expect(started).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(most).toBe(2);
    await pair.stop();
  });

  test('is limited at the side that receives: a limit of the sender changes nothing there', async () => {
    const { most } = await runAll({}, 3, { orders: { concurrency: 1 } });
    expect(most.orders).toBe(3);
  });

  test.each([0, 1.5, 1_025])('a limit of %d is refused by name', async (concurrency) => {
    await expect(
      virtualPair({ server: { channels: { orders: { concurrency } } } }),
    ).rejects.toThrow("WILCO_OPTION_INVALID: the concurrency of channel 'orders'");
  });
});

/** Sends eight messages through each of two channels; says how many handlers ran at once. */
async function runAll(
  channels: NonNullable<ServerOptions['channels']>,
  concurrency: number,
  ofClient: NonNullable<ServerOptions['channels']> = {},
) {
  const pair = await virtualPair({ server: { channels }, client: { channels: ofClient } });
  const running = { orders: 0, other: 0, together: 0 };
  const most = { ...running };
  const started: number[] = [];
  const count = (channel: string, step: number): void => {
    for (const key of [channel as 'orders' | 'other', 'together'] as const) {
      running[key] += step;
      most[key] = Math.max(most[key], running[key]);
    }
  };
  pair.server.handle(
    Fast,
    async (number, { channel }) => {
      if (channel === 'orders') started.push(number);
      count(channel, 1);
      await sleep(pair.clock, 10);
      count(channel, -1);
    },
    { concurrency },
  );
  for (let i = 1; i <= 8; i++) {
    for (const channel of ['orders', 'other']) pair.client.send(Fast, i, { channel });
  }
  await pair.run(1_000);
  expect(pair.client.stats()?.unsettled).toBe(0);
  await pair.stop();
  return { most, started };
}

/** Waits, on the virtual clock. */
function sleep(
  clock: { schedule(atMs: number, run: () => void): unknown; nowMs(): number },
  forMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(clock.nowMs() + forMs, resolve);
  });
}
