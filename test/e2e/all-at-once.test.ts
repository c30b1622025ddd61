/** Hundreds of clients that lose their server in the same moment, and come back together. */
import { describe, expect } from 'vitest';
import type { Client } from '@wilco/client';
import { Child } from './child.ts';
import { numbers, test, type Endpoints } from './endpoints.ts';
import { Count } from './messages.ts';

const CLIENTS = 300;
const RECONNECT = { minMs: 20, maxMs: 500 };
/** What they may take on a busy machine; on an idle one they take a tenth of it. */
const BOUND_MS = 30_000;

describe('300 clients whose server', () => {
  test('is closed and started again are all back soon; never more strangers than allowed', async ({
    here,
  }) => {
    const maxUnauthenticated = 50;
    let strangers = 0;
    let mostStrangers = 0;
    const options = {
      retrySpreadMs: 300,
      maxUnauthenticated,
      authenticate: async () => {
        strangers += 1;
        mostStrangers = Math.max(mostStrangers, strangers);
        await new Promise((resolve) => setTimeout(resolve, 10));
        strangers -= 1;
        return { identity: 'anybody' };
      },
    };
    const first = await here.server(options);
    const { port } = first.address;
    first.handle(Count, (value) => value);
    const clients = await connectAll(here, port);
    await first.close({ drainMs: 0 });
    const second = await here.server({ ...options, port });
    const seen: number[] = [];
    second.handle(Count, (value) => {
      seen.push(value);
      return value;
    });
    const tookMs = await allAnswered(clients);
    expect(tookMs).toBeLessThan(BOUND_MS);
    expect(mostStrangers).toBeLessThanOrEqual(maxUnauthenticated);
    expect(seen.toSorted((a, b) => a - b)).toEqual(numbers(CLIENTS));
    expect(second.sessions).toHaveLength(CLIENTS);
    await Promise.all(clients.map((client) => client.close()));
  });

  test('is killed and started again are all back soon, and it stays small', async ({ here }) => {
    const child = here.add(new Child('server', {}));
    const port = (await child.until('listening'))['port'] as number;
    const clients = await connectAll(here, port);
    child.kill('SIGKILL');
    await child.exit;
    const again = here.add(new Child('server', { port, retrySpreadMs: 300 }));
    await again.until('listening');
    const tookMs = await allAnswered(clients);
    expect(tookMs).toBeLessThan(BOUND_MS);
    again.order({ order: 'report' });
    const { sessions, maxRssKiB } = await again.until('report');
    expect(sessions).toBe(CLIENTS);
    expect(maxRssKiB).toBeLessThan(300 * 1024);
    expect(again.all('handled').length).toBe(CLIENTS);
    if (process.env['WILCO_FIGURES'] !== undefined) console.info({ CLIENTS, tookMs, maxRssKiB });
    await Promise.all(clients.map((client) => client.close()));
  });
});

async function connectAll(here: Endpoints, port: number): Promise<Client[]> {
  const clients = numbers(CLIENTS).map(() => here.client(port, { reconnect: RECONNECT }));
  await Promise.all(clients.map(({ opened }) => opened));
  return clients;
}

/** Each sends one message; resolves with how long it took until the last was handled. */
async function allAnswered(clients: readonly Client[]): Promise<number> {
  const beganAtMs = performance.now();
  const replies = clients.map((client, index) => client.send(Count, index + 1).handled);
  expect(await Promise.all(replies)).toEqual(numbers(clients.length));
  return performance.now() - beganAtMs;
}
