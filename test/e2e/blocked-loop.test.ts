/**
 * A process that keeps its own event loop busy for longer than it waits for its peer: what
 * the peer said meanwhile lies unread in the kernel, so nobody is dead.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { keepBusy } from './busy.ts';
import { Child } from './child.ts';
import { numbers, test, type Endpoints } from './endpoints.ts';
import { Busy, Count } from './messages.ts';

/** Short, but so that a machine with other things to do answers within 40 % of it. */
const WAIT_MS = 1_000;
const BUSY_MS = 2 * WAIT_MS;
/** The side that is never busy waits for longer than the other is busy. */
const PATIENT_MS = 20_000;

/** The places in an event loop from which an application can block it. */
const PLACES = [
  () => new Promise<void>((resolve) => setTimeout(resolve, 20)),
  () => nextTurn(),
  () => Promise.resolve(),
];

describe('a client that is busy for twice its wait', () => {
  test('in a timer, an immediate or a reaction reads first, and calls nobody dead', async ({
    here,
  }) => {
    const { client, child } = await pair(here, { server: PATIENT_MS, client: WAIT_MS });
    const offline: string[] = [];
    client.on('offline', ({ error }) => offline.push(error.code));
    for (const place of PLACES) {
      const receipts = numbers(20).map((value) => client.send(Count, value));
      await place();
      keepBusy(BUSY_MS);
      await Promise.all(receipts.map(({ handled }) => handled));
    }
    // Nothing in flight now: only heartbeats come.
    keepBusy(BUSY_MS);
    expect(await client.send(Count, 1).handled).toBe(1);
    expect([offline, child.all('offline')]).toEqual([[], []]);
  });
});

describe.concurrent('a server that is busy for twice its wait', () => {
  test('in its handler reads first, and calls nobody dead', async ({ here }) => {
    const { child, client } = await pair(here, { server: WAIT_MS, client: PATIENT_MS });
    const offline: string[] = [];
    client.on('offline', ({ error }) => offline.push(error.code));
    const receipts = numbers(2).flatMap((n) => [
      client.send(Busy, { n, ms: BUSY_MS }),
      client.send(Count, 100 + n),
    ]);
    const replies = await Promise.all(receipts.map(({ handled }) => handled));
    expect(replies).toEqual([1, 101, 2, 102]);
    expect(offline).toEqual([]);
    expect(child.all('offline')).toEqual([]);
  });

  test('between its handlers reads first, and calls nobody dead', async ({ here }) => {
    const { child, client } = await pair(here, { server: WAIT_MS, client: PATIENT_MS });
    await client.send(Count, 0).handled;
    for (const round of numbers(2)) {
      child.order({ order: 'block', ms: BUSY_MS });
      expect(await client.send(Count, round).handled).toBe(round);
    }
    expect(child.all('offline')).toEqual([]);
  });

  test('is found dead by a client that waits no longer, which comes back; handled once', async ({
    here,
  }) => {
    const { child, client } = await pair(here, { server: WAIT_MS, client: WAIT_MS });
    await client.send(Count, 0).handled;
    let offlineAtMs = 0;
    client.once('offline', () => (offlineAtMs = performance.now()));
    const beganAtMs = performance.now();
    const busy = client.send(Busy, { n: 7, ms: 4 * WAIT_MS });
    const behind = client.send(Count, 8);
    expect(await Promise.all([busy.handled, behind.handled])).toEqual([7, 8]);
    expect(offlineAtMs - beganAtMs).toBeGreaterThanOrEqual(WAIT_MS * 0.5);
    expect(offlineAtMs - beganAtMs).toBeLessThan(WAIT_MS * 4);
    expect(child.all('handled').map(({ value }) => value)).toEqual([0, 7, 8]);
    expect(child.all('stateLost')).toEqual([]);
  });
});

describe('both sides busy in turn, for longer than either waits', () => {
  test('handle everything once, in order', async ({ here }) => {
    const { child, client } = await pair(here, { server: WAIT_MS, client: WAIT_MS });
    const replies: Promise<number>[] = [];
    for (const round of numbers(2)) {
      replies.push(client.send(Count, 2 * round - 1).handled);
      child.order({ order: 'block', ms: BUSY_MS });
      replies.push(client.send(Count, 2 * round).handled);
      await nextTurn();
      keepBusy(BUSY_MS);
      await nextTurn();
    }
    expect(await Promise.all(replies)).toEqual(numbers(4));
    expect(child.all('handled').map(({ value }) => value)).toEqual(numbers(4));
  });
});

/** A server in a process of its own, and a client here, which wait for each other for so long. */
async function pair(here: Endpoints, waitMs: { readonly server: number; readonly client: number }) {
  const child = here.add(new Child('server', { waitMs: waitMs.server }));
  const { port } = await child.until('listening');
  const client = here.client(port as number, { waitMs: waitMs.client });
  await client.opened;
  return { child, client };
}
