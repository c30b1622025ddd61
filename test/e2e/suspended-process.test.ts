/** A peer whose process is stopped by a signal: found dead in time, and resumed when it goes on. */
import { describe, expect } from 'vitest';
import type { ServerOptions } from '@wilco/server';
import { Child } from './child.ts';
import { eventually, numbers, test, type Endpoints } from './endpoints.ts';
import { Count, Slow } from './messages.ts';

const WAIT_MS = 1_500;
/** What a busy machine may add to a bound. */
const SLACK_MS = 5_000;

describe.concurrent('a server process that is suspended', () => {
  test('is found dead within the announced wait, and its session resumes when it goes on', async ({
    here,
  }) => {
    const { child, port } = await serverProcess(here);
    const client = here.client(port, { waitMs: WAIT_MS });
    const codes: string[] = [];
    let offlineAtMs = 0;
    client.on('offline', ({ error }) => {
      codes.push(error.code);
      offlineAtMs ||= performance.now();
    });
    const before = numbers(20).map((value) => client.send(Count, value));
    await Promise.all(before.map(({ handled }) => handled));

    child.kill('SIGSTOP');
    const stoppedAtMs = performance.now();
    const during = numbers(20).map((value) => client.send(Count, 20 + value));
    await eventually(() => offlineAtMs > 0);
    expect(offlineAtMs - stoppedAtMs).toBeGreaterThan(WAIT_MS * 0.5);
    expect(offlineAtMs - stoppedAtMs).toBeLessThan(WAIT_MS + SLACK_MS);
    expect(['WILCO_NO_PROGRESS', 'WILCO_PEER_SILENT']).toContain(codes[0]);
    const resumed = new Promise<void>((resolve) => client.once('resumed', () => resolve()));
    child.kill('SIGCONT');
    await resumed;

    expect(await Promise.all(during.map(({ handled }) => handled))).toEqual(
      numbers(20).map((value) => 20 + value),
    );
    expect(valuesOf(child)).toEqual(numbers(40));
    expect(child.all('stateLost')).toEqual([]);
  });

  test('that is idle is found dead by its silence', async ({ here }) => {
    const { child, port } = await serverProcess(here);
    const client = here.client(port, { waitMs: WAIT_MS });
    await client.opened;
    const offline = new Promise<string>((resolve) =>
      client.once('offline', ({ error }) => resolve(error.code)),
    );
    child.kill('SIGSTOP');
    const stoppedAtMs = performance.now();
    expect(await offline).toBe('WILCO_PEER_SILENT');
    expect(performance.now() - stoppedAtMs).toBeLessThan(WAIT_MS + SLACK_MS);
    child.kill('SIGCONT');
    expect(await client.send(Count, 1).handled).toBe(1);
  });

  test('while a handler runs finishes that handler once, and its reply comes', async ({ here }) => {
    const { child, port } = await serverProcess(here);
    const client = here.client(port, { waitMs: WAIT_MS });
    const receipt = client.send(Slow, { n: 7, ms: 3_000 });
    await child.until('started');
    const offline = new Promise<void>((resolve) => client.once('offline', () => resolve()));
    child.kill('SIGSTOP');
    await offline;
    expect(receipt.outcome).toBeUndefined();
    child.kill('SIGCONT');
    expect(await receipt.handled).toBe(7);
    expect(child.all('started')).toHaveLength(1);
    expect(child.all('handled')).toHaveLength(1);
  });

  test('for less than the wait is not called dead', async ({ here }) => {
    const { child, port } = await serverProcess(here, { waitMs: 20_000 });
    const client = here.client(port, { waitMs: 20_000 });
    let offline = 0;
    client.on('offline', () => (offline += 1));
    await client.send(Count, 1).handled;
    child.kill('SIGSTOP');
    const receipt = client.send(Count, 2);
    // Its kernel takes the bytes all the same.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(receipt.outcome).toBeUndefined();
    child.kill('SIGCONT');
    expect(await receipt.handled).toBe(2);
    expect([offline, child.all('offline').length]).toEqual([0, 0]);
  });
});

describe.concurrent('a client process that is suspended', () => {
  test('is found dead within the announced wait, comes back, and loses and repeats nothing', async ({
    here,
  }) => {
    const server = await here.server({ waitMs: WAIT_MS });
    const seen: number[] = [];
    server.handle(Count, (value) => {
      seen.push(value);
      return value;
    });
    const codes: string[] = [];
    let offlineAtMs = 0;
    server.on('offline', ({ error }) => {
      codes.push(error.code);
      offlineAtMs ||= performance.now();
    });
    const opened = new Promise<void>((resolve) => server.once('session', () => resolve()));
    const child = here.add(new Child('client', { port: server.address.port, waitMs: WAIT_MS }));
    await opened;
    child.order({ order: 'send', values: numbers(10) });
    await child.until('settled', ({ value }) => value === 10);

    child.kill('SIGSTOP');
    const stoppedAtMs = performance.now();
    const [session] = server.sessions;
    const receipts = numbers(10).flatMap((value) => session?.send(Count, 100 + value) ?? []);
    await eventually(() => offlineAtMs > 0);
    expect(offlineAtMs - stoppedAtMs).toBeLessThan(WAIT_MS + SLACK_MS);
    expect(['WILCO_NO_PROGRESS', 'WILCO_PEER_SILENT']).toContain(codes[0]);
    child.order({ order: 'send', values: numbers(10).map((value) => 10 + value) });
    child.kill('SIGCONT');

    const outcomes = await Promise.all(receipts.map(({ settled }) => settled));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(10).fill('handled'));
    expect(valuesOf(child)).toEqual(numbers(10).map((value) => 100 + value));
    await child.until('settled', ({ value }) => value === 20);
    expect(seen).toEqual(numbers(20));
    expect(new Set(child.all('settled').map(({ status }) => status))).toEqual(new Set(['handled']));
    expect(server.sessions).toHaveLength(1);
  });
});

async function serverProcess(here: Endpoints, options: Partial<ServerOptions> = {}) {
  const child = here.add(new Child('server', { waitMs: WAIT_MS, ...options }));
  const { port } = await child.until('listening');
  return { child, port: port as number };
}

function valuesOf(child: Child): unknown[] {
  return child.all('handled').map(({ value }) => value);
}
