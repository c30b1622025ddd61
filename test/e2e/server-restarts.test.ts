/** A server whose process is killed, or closed, and started again on the same port. */
import { describe, expect } from 'vitest';
import type { Client, ClientOptions, StateLost } from '@wilco/client';
import { Child } from './child.ts';
import { numbers, test, type Endpoints } from './endpoints.ts';
import { Count, Hold } from './messages.ts';

describe.concurrent('a server process that is killed and started again', () => {
  test('has forgotten its session: what may have been handled is sent again, marked, and is handled', async ({
    here,
  }) => {
    const { child, port, client, lost } = await setUp(here, {});
    await client.send(Count, 1).handled;
    const held = client.send(Hold, 2);
    const behind = numbers(5).map((value) => client.send(Count, 10 + value));
    await child.until('started');
    await Promise.all(behind.map(({ received }) => received));
    await Promise.all([kill(child), offline(client)]);
    const whileDown = client.send(Count, 20);
    const again = here.add(new Child('server', { port }));
    await again.until('started');
    expect(lost).toMatchObject([{ reason: 'unknown', resent: 6, inDoubt: 0, moved: 1 }]);
    held.cancel();
    expect(await Promise.all(behind.map(({ handled }) => handled))).toEqual(
      numbers(5).map((value) => 10 + value),
    );
    expect(await whileDown.handled).toBe(20);
    expect((await held.settled).status).toMatch(/rejected|cancelled/);
    await again.until('handled', ({ value }) => value === 20);
    const runs = again.all('handled').map(({ value, isResent }) => [value, isResent]);
    expect(runs).toEqual([...numbers(5).map((value) => [10 + value, true]), [20, false]]);
    // The new one was asked for a session that it never had, so it is nobody's loss there.
    expect([again.all('session').length, again.all('stateLost').length]).toEqual([1, 0]);
  });

  test('leaves in doubt what it may have handled, where the sender prefers that', async ({
    here,
  }) => {
    const { child, port, client, lost } = await setUp(here, { whenSessionLost: 'inDoubt' });
    await client.send(Count, 1).handled;
    const held = client.send(Hold, 2);
    const behind = numbers(5).map((value) => client.send(Count, 10 + value));
    await child.until('started');
    await Promise.all(behind.map(({ received }) => received));
    await Promise.all([kill(child), offline(client)]);
    const whileDown = client.send(Count, 20);
    const again = here.add(new Child('server', { port }));
    expect(await whileDown.handled).toBe(20);
    const outcomes = await Promise.all([held, ...behind].map(({ settled }) => settled));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(6).fill('inDoubt'));
    expect(lost).toMatchObject([{ reason: 'unknown', resent: 0, inDoubt: 6, moved: 1 }]);
    await again.until('handled', ({ value }) => value === 20);
    expect(again.all('handled').map(({ value, isResent }) => [value, isResent])).toEqual([
      [20, false],
    ]);
  });

  test('again and again handles each message, and once more only what is marked so', async ({
    here,
  }) => {
    const { child, port, client, lost } = await setUp(here, {});
    const receipts = [];
    const runs: (readonly [unknown, unknown])[] = [];
    let current = child;
    for (const round of numbers(2)) {
      for (const value of numbers(50)) receipts.push(client.send(Count, 100 * round + value));
      // In the middle of the work.
      await current.until('handled', ({ value }) => value === 100 * round + 20);
      await kill(current);
      runs.push(...runsOf(current));
      current = here.add(new Child('server', { port }));
      await current.until('listening');
    }
    const replies = await Promise.all(receipts.map(({ handled }) => handled));
    runs.push(...runsOf(current));
    expect(replies).toEqual(numbers(2).flatMap((round) => numbers(50).map((n) => 100 * round + n)));
    const unmarked = runs.filter(([, isResent]) => isResent === false).map(([value]) => value);
    expect(new Set(unmarked).size).toBe(unmarked.length);
    // What a killed process told last may be lost, so a run may be missing here, but none is twice.
    // Where all was handled before the second kill, the client may be still on its way back.
    if (lost.length < 2) await new Promise((resolve) => client.once('stateLost', resolve));
    expect(lost).toHaveLength(2);
  });
});

describe.concurrent('a server process that is closed and started again', () => {
  test('settles what is in flight first; its client comes back and goes on', async ({ here }) => {
    const { child, port, client, lost } = await setUp(here, {});
    const receipts = numbers(50).map((value) => client.send(Count, value));
    await child.until('handled');
    child.order({ order: 'close' });
    expect((await child.exit).code).toBe(0);
    const later = client.send(Count, 51);
    const again = here.add(new Child('server', { port }));
    expect(await later.handled).toBe(51);
    expect(await Promise.all(receipts.map(({ handled }) => handled))).toEqual(numbers(50));
    const runs = [...runsOf(child), ...runsOf(again)];
    expect(runs.filter(([, isResent]) => isResent === true)).toEqual([]);
    expect(runs.map(([value]) => value)).toEqual(numbers(51));
    // It said goodbye, so nothing was lost and nobody forgot anything.
    expect(lost.map(({ resent, inDoubt }) => resent + inDoubt).filter(Boolean)).toEqual([]);
  });
});

describe.concurrent('a client process that is killed with messages in flight', () => {
  test('leaves its server with receipts that end in doubt, or cancelled where never written', async ({
    here,
  }) => {
    const server = await here.server({ waitMs: 1_000, resumeWindowMs: 500 });
    const opened = new Promise<void>((resolve) => server.once('session', () => resolve()));
    const child = here.add(new Child('client', { port: server.address.port }));
    await opened;
    const [session] = server.sessions;
    if (session === undefined) throw new Error('there is no session');
    const handled = session.send(Count, 1);
    await handled.settled;
    child.kill('SIGSTOP');
    const written = numbers(5).map((value) => session.send(Count, 10 + value));
    await new Promise((resolve) => setImmediate(resolve));
    const offline = new Promise<void>((resolve) => server.once('offline', () => resolve()));
    child.kill('SIGKILL');
    await offline;
    const unwritten = numbers(5).map((value) => session.send(Count, 20 + value));
    const outcomes = await Promise.all([...written, ...unwritten].map(({ settled }) => settled));
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array<string>(5).fill('inDoubt'),
      ...Array<string>(5).fill('cancelled'),
    ]);
    expect(handled.outcome).toMatchObject({ status: 'handled' });
    expect(server.sessions).toEqual([]);
  });
});

async function setUp(here: Endpoints, options: Partial<ClientOptions>) {
  const child = here.add(new Child('server', { retrySpreadMs: 0 }));
  const port = (await child.until('listening'))['port'] as number;
  const client = here.client(port, options);
  const lost: StateLost[] = [];
  client.on('stateLost', (event) => lost.push(event));
  await client.opened;
  return { child, port, client, lost };
}

function offline(client: Client): Promise<void> {
  return new Promise((resolve) => client.once('offline', () => resolve()));
}

async function kill(child: Child): Promise<void> {
  child.kill('SIGKILL');
  await child.exit;
}

function runsOf(child: Child): (readonly [unknown, unknown])[] {
  return child.all('handled').map(({ value, isResent }) => [value, isResent] as const);
}
