import { describe, expect, test } from 'vitest';
import { defineMessage, type LogEntry } from '@wilco/client';
import { memoryStore } from '@wilco/store';
import { PERFECT_PATH } from '@wilco/testkit';
import { storeAround } from '../../packages/store/test/store-around.ts';
import { virtualPair, type VirtualPair, type VirtualPairOptions } from './virtual-pair.ts';

const Parcel = defineMessage<Uint8Array>('parcel');

/** Each in two values, so that it is the value which changes what happens. */
describe('options', () => {
  test.each([2_000, 7_000])(
    'a silent peer is given up after the wait that was announced: %i ms',
    async (waitMs) => {
      const { pair, lostAfterMs } = await watched({ client: { waitMs } });
      const lostMs = await lostAfterMs(() => pair.link().blackHole('both'));
      expect(lostMs).toBeGreaterThanOrEqual(waitMs * 0.9);
      expect(lostMs).toBeLessThanOrEqual(waitMs);
      await pair.stop();
    },
  );

  test.each([500, 4_000])(
    'an idle side speaks as often as its heartbeat says: every %i ms',
    async (heartbeatMs) => {
      const { pair, entries } = await watched({ client: { heartbeatMs } });
      await pair.run(20_000);
      const pings = entries.filter(
        ({ event, frame }) => event === 'frame.transmitted' && frame === 'ping',
      );
      expect(pings).toHaveLength(20_000 / heartbeatMs);
      await pair.stop();
    },
  );

  test.each([1_000, 5_000])(
    'a store that does not answer is given up after its time: %i ms',
    async (storeTimeoutMs) => {
      const store = storeAround(memoryStore({ keep: true }), { commit: () => {} });
      const { pair } = await watched({ client: { store, storeTimeoutMs } });
      const since = pair.clock.nowMs();
      let closedMs = 0;
      pair.client.on('closed', () => (closedMs = pair.clock.nowMs() - since));
      await pair.run(20_000);
      expect(closedMs).toBeGreaterThanOrEqual(storeTimeoutMs);
      expect(closedMs).toBeLessThan(storeTimeoutMs + 1_000);
    },
  );

  test.each([1_000, 4_000])(
    'a dial that is not answered is given up after its time: %i ms',
    async (connectTimeoutMs) => {
      const pair = await virtualPair({
        client: { connectTimeoutMs, reconnect: { minMs: 1, maxMs: 1 } },
        faultsFor: () => ({ dial: 'unanswered' }),
      });
      await pair.run(12_500);
      expect(pair.network.links.length).toBe(Math.floor(12_500 / connectTimeoutMs) + 1);
      await pair.stop();
    },
  );

  test('the pause between two tries grows from the least to the most that were given', async () => {
    const dials = async (minMs: number | undefined, maxMs: number): Promise<number> => {
      const random = {
        bytes: (count: number) => new Uint8Array(count).fill(1),
        fraction: () => 0.5,
      };
      const pair = await virtualPair({
        client: { random, reconnect: { ...(minMs !== undefined && { minMs }), maxMs } },
        faultsFor: () => ({ dial: 'refused' }),
      });
      await pair.run(10_000);
      const { length } = pair.network.links;
      await pair.stop();
      return length;
    };
    expect(await dials(100, 100)).toBeGreaterThan(150);
    expect(await dials(100, 1_000)).toBeLessThan(30);
    expect(await dials(4_000, 4_000)).toBeLessThan(8);
    // Whoever says the most alone means the least as well.
    expect(await dials(undefined, 100)).toBeGreaterThan(150);
  });

  test('a connection that lasted is followed by a try at once, one that did not by a pause', async () => {
    const pauseMs = async (stableAfterMs: number): Promise<number> => {
      const random = {
        bytes: (count: number) => new Uint8Array(count).fill(1),
        fraction: () => 0.5,
      };
      const reconnect = { minMs: 1_000, maxMs: 1_000, stableAfterMs };
      const pair = await virtualPair({ client: { random, reconnect } });
      for (let losses = 0; losses < 2; losses++) {
        await pair.until(() => pair.client.isOnline);
        await pair.run(2_000);
        pair.link().cut();
        await pair.until(() => !pair.client.isOnline);
      }
      const sinceMs = pair.clock.nowMs();
      await pair.until(() => pair.client.isOnline);
      const tookMs = pair.clock.nowMs() - sinceMs;
      await pair.stop();
      return tookMs;
    };
    expect(await pauseMs(1_000)).toBeLessThan(100);
    expect(await pauseMs(10_000)).toBeGreaterThanOrEqual(500);
  });

  test('a server whose windows take all its memory lets nobody more in', async () => {
    const sessions = async (windowBudgetBytes: number): Promise<number> => {
      const pair = await virtualPair({ server: { windowBudgetBytes, windowBytes: 65_536 } });
      for (let i = 0; i < 20; i++) pair.dial(`other ${i}`);
      await pair.run(500);
      const { length } = pair.server.sessions;
      await pair.stop();
      return length;
    };
    const few = await sessions(65_536);
    expect(few).toBeGreaterThan(0);
    expect(few).toBeLessThan(21);
    expect(await sessions(64 * 1024 * 1024)).toBe(21);
  });

  test.each([0, 8_000])(
    'a server that goes spreads the return of its clients over as long as was given: %i ms',
    async (retrySpreadMs) => {
      const random = { bytes: crypto.getRandomValues.bind(crypto), fraction: () => 0.5 };
      const bytes = (count: number): Uint8Array => random.bytes(new Uint8Array(count));
      const pair = await virtualPair({
        server: { retrySpreadMs, random: { bytes, fraction: random.fraction } },
        client: { reconnect: { minMs: 1, maxMs: 1 } },
      });
      await pair.until(() => pair.client.isOnline);
      const sinceMs = pair.clock.nowMs();
      void pair.server.close({ drainMs: 0 });
      await pair.until(() => !pair.client.isOnline);
      await pair.until(() => pair.network.links.length > 1);
      const tookMs = pair.clock.nowMs() - sinceMs;
      expect(Math.abs(tookMs - retrySpreadMs / 2)).toBeLessThan(100);
      void pair.client.end();
      await pair.run(10_000);
    },
  );

  test.each([1_000, 4_000])(
    'a connection whose credentials ran out lasts as long as its grace: %i ms',
    async (credentialsGraceMs) => {
      const authenticate = (): { identity: string; validForMs: number } => ({
        identity: 'somebody',
        validForMs: 1_000,
      });
      // It has shown them once, and has no others.
      let shown = 0;
      const credentials = (): Promise<string> =>
        (shown += 1) === 1 ? Promise.resolve('pass') : Promise.reject(new Error('none'));
      const { pair, lostAfterMs } = await watched({
        server: { authenticate, credentialsGraceMs },
        client: { credentials },
      });
      const lostMs = await lostAfterMs(() => {});
      expect(Math.abs(lostMs - 1_000 - credentialsGraceMs)).toBeLessThan(100);
      await pair.stop();
    },
  );

  test('a channel gets as much of the connection as its weight says', async () => {
    expect(await sharesOf({ first: { weight: 1 }, second: { weight: 1 } })).toBeCloseTo(1, 0);
    expect(await sharesOf({ first: { weight: 4 }, second: { weight: 1 } })).toBeGreaterThan(2.5);
  });

  test('an urgent channel goes ahead of those that are not', async () => {
    expect(await sharesOf({ second: { isUrgent: true } })).toBeLessThan(0.2);
    expect(await sharesOf({ first: { isUrgent: true } })).toBeGreaterThan(4);
  });
});

/** A pair whose client is online, and is watched. */
async function watched(given: VirtualPairOptions) {
  const entries: LogEntry[] = [];
  const log = (entry: LogEntry): void => void entries.push(entry);
  const pair = await virtualPair({ ...given, client: { ...given.client, log } });
  if (given.client?.store === undefined) await pair.until(() => pair.client.isOnline);
  const lostAfterMs = async (act: () => void): Promise<number> => {
    const sinceMs = pair.clock.nowMs();
    act();
    await pair.until(() => !pair.client.isOnline);
    return pair.clock.nowMs() - sinceMs;
  };
  return { pair, entries, lostAfterMs };
}

/** Sends much through two channels over a narrow link; says how much more of the first came first. */
async function sharesOf(
  channels: NonNullable<NonNullable<VirtualPairOptions['client']>['channels']>,
): Promise<number> {
  const path = { ...PERFECT_PATH, bytesPerMs: 1_000 };
  const pair: VirtualPair = await virtualPair({
    client: { channels },
    server: { windowMessages: 1_000, windowBytes: 10_000_000, windowBytesMax: 10_000_000 },
    faultsFor: () => ({ up: path }),
  });
  const came = { first: 0, second: 0 };
  pair.server.handle(Parcel, (_, { channel }) => void (came[channel as 'first' | 'second'] += 1));
  await pair.until(() => pair.client.isOnline);
  // One of each first, so that the windows of both are known; then more than is written at once.
  for (let i = 0; i < 151; i++) {
    for (const channel of ['first', 'second']) {
      pair.client.send(Parcel, new Uint8Array(20_000), { channel });
    }
    if (i === 0) await pair.run(200);
  }
  await pair.until(() => came.first + came.second >= 100);
  await pair.stop();
  return came.first / Math.max(1, came.second);
}
