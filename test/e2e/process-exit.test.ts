/** When a process that uses Wilco ends by itself, and when not. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { Child } from './child.ts';
import { eventually, numbers, test } from './endpoints.ts';
import { Count, Slow } from './messages.ts';

describe.concurrent('a process', () => {
  test('whose client and server are closed ends by itself', async ({ here }) => {
    const child = here.add(new Child('closing', { isServerClosed: true, isClientClosed: true }));
    await child.until('closed');
    expect(await child.exit).toEqual({ code: 0, signal: undefined });
  });

  test.for([
    ['server', { isServerClosed: false, isClientClosed: true }],
    ['client', { isServerClosed: true, isClientClosed: false }],
  ] as const)('whose %s is not closed lives on', async ([, task], { here }) => {
    const child = here.add(new Child('closing', task));
    await child.until('closed');
    // Nothing happens to wait for, so this is a matter of patience.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(child.hasExited).toBe(false);
  });

  test('whose client never reached a server, and is closed, ends by itself', async ({ here }) => {
    const child = here.add(new Child('client', { port: 9 }));
    await child.until('started');
    child.order({ order: 'close' });
    await child.until('over');
    expect(await child.exit).toEqual({ code: 0, signal: undefined });
  });

  test('that has nothing to do but to wait for room on its disk does not end before its commit', async ({
    here,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), 'wilco-room-'));
    const child = here.add(new Child('waits-for-room', { folder }));
    expect(await child.exit).toEqual({ code: 0, signal: undefined });
    expect(child.all('committed')).toHaveLength(1);
    await rm(folder, { recursive: true });
  });

  test('that closes its server at SIGTERM settles what was in flight, and ends', async ({
    here,
  }) => {
    const child = here.add(new Child('server', {}));
    const { port } = await child.until('listening');
    const client = here.client(port as number);
    const receipts = numbers(3).map((n) => client.send(Slow, { n, ms: 150 }));
    await child.until('started');
    child.kill('SIGTERM');
    expect(await Promise.all(receipts.map(({ handled }) => handled))).toEqual([1, 2, 3]);
    expect(await child.exit).toEqual({ code: 0, signal: undefined });
    expect(child.all('over')).toHaveLength(1);
  });

  test('that closes its client at SIGTERM settles what was in flight, and ends', async ({
    here,
  }) => {
    const server = await here.server();
    const seen: number[] = [];
    server.handle(Count, async (value) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen.push(value);
      return value;
    });
    const child = here.add(new Child('client', { port: server.address.port }));
    await child.until('online');
    child.order({ order: 'send', values: numbers(10) });
    await eventually(() => seen.length > 0);
    child.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: undefined });
    expect(seen).toEqual(numbers(10));
    expect(child.all('settled').map(({ status }) => status)).toEqual(Array(10).fill('handled'));
  });
});
