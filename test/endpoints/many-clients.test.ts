import { describe, expect, test } from 'vitest';
import { defineMessage } from '@wilco/client';
import { at, VirtualService } from './virtual-service.ts';

const Order = defineMessage<number, string>('order');
const CLIENTS = 500;

/** A busy machine takes its time for so many. Milliseconds. */
const PATIENCE_MS = 180_000;

describe('five hundred clients that come all at once', { timeout: PATIENCE_MS }, () => {
  test('all get in, spread over time, with work in proportion', async () => {
    const service = new VirtualService();
    const server = await service.listen('server', {
      maxUnauthenticated: 20,
      authenticate: async ({ remote }) => {
        await new Promise<void>((resolve) => {
          service.clock.schedule(service.clock.nowMs() + 100, resolve);
        });
        return { identity: remote };
      },
    });
    await everybodyComes(service, () => server.sessions.length);
    await service.stop();
  });

  test('come back after the server was gone, each to its session or a new one, as well', async () => {
    const service = new VirtualService();
    const server = await service.listen('server', { maxConnections: CLIENTS });
    for (let number = 0; number < CLIENTS; number++) {
      service.connect(at('server'), `client ${number}`);
    }
    await service.until(() => service.clients.every(({ isOnline }) => isOnline));
    await service.run(100);
    expect(server.sessions).toHaveLength(CLIENTS);
    const before = service.network.links.length;
    void server.close({ drainMs: 0 });
    await service.run(500);
    const next = await service.listen('server', { maxUnauthenticated: 50 });
    next.handle(Order, () => 'done');
    const receipts = service.clients.map((client) => client.send(Order, 1));
    await service.until(() => receipts.every(({ outcome }) => outcome !== undefined));
    expect(new Set(receipts.map(({ outcome }) => outcome?.status))).toEqual(new Set(['handled']));
    expect(service.network.links.length - before).toBeLessThan(6 * CLIENTS);
    await service.stop();
  });
});

/** Counts the dials, and in how many different moments they are made. */
async function everybodyComes(service: VirtualService, count: () => number): Promise<void> {
  const dialledAtMs: number[] = [];
  for (let number = 0; number < CLIENTS; number++) {
    const client = service.connect(at('server'), `client ${number}`);
    client.on('connectFailed', ({ retryInMs }) => {
      dialledAtMs.push(service.clock.nowMs() + retryInMs);
    });
  }
  await service.until(() => count() === CLIENTS);
  expect(service.clients.every(({ isOnline }) => isOnline)).toBe(true);
  // Nobody has waited for long, and nobody has come again and again.
  expect(service.clock.nowMs()).toBeLessThan(30_000);
  expect(service.network.links.length).toBeLessThan(4 * CLIENTS);
  // The first try after a failure is made at once; from then on they are spread: in no tenth
  // of a second come many more than the twenty that get in.
  const crowds = new Map<number, number>();
  for (const atMs of dialledAtMs.filter((dialled) => dialled > 1_000)) {
    const moment = Math.floor(atMs / 100);
    crowds.set(moment, (crowds.get(moment) ?? 0) + 1);
  }
  expect(Math.max(...crowds.values())).toBeLessThan(60);
}
