import { defineMessage, WilcoError, type Client, type ClientOptions } from '@wilco/client';
import { listen, type Server, type ServerOptions } from '@wilco/server';
import { FaultyStore, SeededRandom } from '@wilco/testkit';
import { describe, expect, test } from 'vitest';
import { PORT, virtualPair, type VirtualPair } from './virtual-pair.ts';

const Order = defineMessage<number, number>('order');
const NOWHERE = { port: 7_999 };
/** Nearly all of a few dozen messages is on disk only. */
const LONG = { outboxHeadMessages: 4 };

interface Durable extends Omit<VirtualPair, 'client'> {
  readonly store: FaultyStore;
  /** What the server's handler was given, in order. */
  readonly handled: number[];
  client(options?: Partial<ClientOptions>): Client;
  restartServer(options?: Partial<ServerOptions>): Promise<Server>;
}

/** A server that doubles what it gets, and clients with one store, which is read a bit at a time. */
async function durable(server: Partial<ServerOptions> = {}): Promise<Durable> {
  const pair = await virtualPair({ server });
  const servers: Server[] = [];
  await pair.until(() => pair.client.isOnline || pair.client.id === undefined);
  const handled: number[] = [];
  const double = (value: number): number => {
    handled.push(value);
    return value * 2;
  };
  pair.server.handle(Order, double);
  const random = new SeededRandom(3);
  const head = { maxMessages: 2 };
  const given = { clock: pair.clock, random, storeId: 'disk', worth: 'synced', head } as const;
  const store = new FaultyStore(given);
  let hosts = 0;
  const client = (options: Partial<ClientOptions> = {}): Client =>
    pair.dial(`durable-${hosts++}`, { store, ...LONG, ...options });
  const restartServer = async (options: Partial<ServerOptions> = {}): Promise<Server> => {
    const closed = (servers.at(-1) ?? pair.server).close({ drainMs: 0 });
    await pair.run(10);
    await closed;
    const host = pair.network.host('server');
    const given = { transport: host.transport(), clock: host.clock, random };
    const opening = listen({ port: PORT, ...given, ...options });
    // A store takes its time.
    await pair.run(0.1);
    const next = await opening;
    next.handle(Order, double);
    servers.push(next);
    return next;
  };
  const stop = async (): Promise<void> => {
    for (const server of servers) void server.close({ drainMs: 0 });
    await pair.stop();
  };
  return { ...pair, stop, store, handled, client, restartServer };
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

async function closed(pair: Durable, client: Client): Promise<void> {
  let isDone = false;
  void client.close({ drainMs: 0 }).then(() => (isDone = true));
  await pair.until(() => isDone);
}

describe('a durable outbox', () => {
  test('is found by the next run, whose receipts and events tell how its messages end', async () => {
    const pair = await durable();
    const first = pair.client(NOWHERE);
    for (const value of upTo(50)) first.send(Order, value, { id: `order-${value}` });
    await pair.run(10);
    await closed(pair, first);

    const second = pair.client();
    const settled: string[] = [];
    second.on('settled', ({ id, outcome }) => {
      settled.push(`${id} ${outcome.status}`);
    });
    const found: string[] = [];
    const replies: number[] = [];
    void (async () => {
      for await (const { id, receipt } of second.pending({ types: [Order] })) {
        found.push(id);
        if (id.endsWith('7')) void receipt.handled.then((reply) => replies.push(reply as number));
      }
    })();
    await pair.until(() => second.stats()?.unsettled === 0);
    await pair.run(10);
    expect(found).toEqual(upTo(50).map((value) => `order-${value}`));
    expect(pair.handled).toEqual(upTo(50));
    expect(replies).toEqual([14, 34, 54, 74, 94]);
    expect(settled).toHaveLength(45);
    await pair.stop();
  });

  test('is drained by a run that has sent nothing itself', async () => {
    const pair = await durable();
    const first = pair.client(NOWHERE);
    for (const value of upTo(30)) first.send(Order, value);
    await pair.run(10);
    await closed(pair, first);
    const second = pair.client();
    await pair.run(1);
    let isDrained = false;
    void second.drain().then(() => (isDrained = true));
    await pair.until(() => isDrained);
    expect(pair.handled).toEqual(upTo(30));
    await pair.stop();
  });

  test('is left in the store by a client that closes, which its receipts say', async () => {
    const pair = await durable();
    const client = pair.client(NOWHERE);
    const receipts = upTo(20).map((value) => client.send(Order, value));
    const outcome = receipts[15]?.settled;
    const handled = receipts[3]?.handled;
    await pair.run(10);
    await closed(pair, client);
    await expect(outcome).resolves.toEqual({ status: 'left', code: 'WILCO_LEFT_IN_STORE' });
    await expect(handled).rejects.toMatchObject({ code: 'WILCO_LEFT_IN_STORE' });
    await expect(receipts[19]?.received).rejects.toMatchObject({ code: 'WILCO_LEFT_IN_STORE' });
    await expect(receipts[19]?.queued).resolves.toBeUndefined();
    expect(pair.store.contents().sessions[0]?.sending.at(-1)?.unsettled).toBe(20);
    await pair.stop();
  });

  test('ends, and is told so, with a client that ends its session', async () => {
    const pair = await durable();
    const client = pair.client(NOWHERE);
    const receipts = upTo(20).map((value) => client.send(Order, value));
    await pair.run(10);
    let isDone = false;
    void client.end().then(() => (isDone = true));
    await pair.until(() => isDone);
    expect(receipts.map(({ outcome }) => outcome?.status)).toEqual(upTo(20).map(() => 'cancelled'));
    expect(pair.store.contents().sessions).toEqual([]);
    await pair.stop();
  });

  test('waits for the next run where the server does not want this client', async () => {
    const pair = await durable({ authenticate: () => undefined });
    const first = pair.client();
    const receipts = upTo(20).map((value) => first.send(Order, value));
    await pair.until(() => receipts[11]?.outcome !== undefined);
    expect(receipts[11]?.outcome?.status).toBe('left');
    await pair.restartServer();
    const second = pair.client();
    await pair.until(() => second.isOnline && second.stats()?.unsettled === 0);
    expect(pair.handled).toEqual(upTo(20));
    await pair.stop();
  });

  test('tells everybody who waits how a message ended that was on disk only', async () => {
    const pair = await durable();
    const client = pair.client();
    const receipts = upTo(40).map((value) => client.send(Order, value));
    const replies = Promise.all(receipts.map(({ handled }) => handled));
    await pair.until(() => client.stats()?.unsettled === 0);
    expect(await replies).toEqual(upTo(40).map((value) => value * 2));
    await pair.stop();
  });

  test('moves to the next session in pieces, with what is sent meanwhile behind it', async () => {
    const pair = await durable();
    const client = pair.client({ resumeWindowMs: 500 });
    await pair.until(() => client.isOnline);
    const lost: number[] = [];
    client.on('stateLost', ({ moved, resent }) => {
      lost.push(moved + resent);
    });
    await pair.run(1);
    void pair.server.close({ drainMs: 0 });
    for (const value of upTo(2_500)) client.send(Order, value);
    await pair.run(0.5);
    pair.store.faults = { commitMs: 20 };
    await pair.run(30);
    expect(pair.store.contents().sessions).toHaveLength(2);
    for (const value of upTo(100)) client.send(Order, 2_500 + value);
    await pair.restartServer();
    await pair.until(() => client.isOnline && client.stats()?.unsettled === 0);
    expect(pair.handled).toEqual(upTo(2_600));
    expect(lost).toEqual([2_500]);
    await pair.stop();
  });

  test('goes on moving after a crash in the middle of it', async () => {
    const pair = await durable();
    const first = pair.client({ resumeWindowMs: 500 });
    await pair.until(() => first.isOnline);
    await pair.run(1);
    void pair.server.close({ drainMs: 0 });
    for (const value of upTo(4_000)) first.send(Order, value);
    await pair.run(0.5);
    pair.store.faults = { commitMs: 40 };
    await pair.until(() => (pair.store.contents().sessions[0]?.outgoing[0]?.seq ?? 1) > 1_024);
    expect(pair.store.contents().sessions).toHaveLength(2);
    const heir = pair.store.crash();
    void first.close({ drainMs: 0 });
    await pair.restartServer();
    const second = pair.client({ store: heir });
    await pair.until(() => second.isOnline && second.stats()?.unsettled === 0);
    expect(pair.handled).toEqual(upTo(4_000));
    await pair.run(100);
    expect(heir.contents().sessions).toHaveLength(1);
    await pair.stop();
  });

  test('that can not be read any more is lost with its session, and that is told', async () => {
    const pair = await durable();
    const client = pair.client();
    const lost: string[] = [];
    client.on('stateLost', ({ reason, inDoubt }) => {
      lost.push(`${reason} ${inDoubt}`);
    });
    await pair.until(() => client.isOnline);
    const receipts = upTo(60).map((value) => client.send(Order, value));
    pair.store.readOutgoing = (_, done) => {
      pair.clock.defer(() => done(new WilcoError('WILCO_STORE_DAMAGED', 'a bad record'), []));
    };
    await pair.until(() => lost.length > 0);
    await pair.until(() => client.stats()?.unsettled === 0);
    const outcomes = receipts.map(({ outcome }) => outcome?.status);
    expect(new Set(outcomes)).toEqual(new Set(['handled', 'inDoubt']));
    const inDoubt = outcomes.filter((status) => status === 'inDoubt').length;
    expect(lost).toEqual([`clientStateLost ${inDoubt}`]);
    await pair.stop();
  });

  test('was found damaged: the session is lost, and what can be read of it is sent again', async () => {
    const pair = await durable();
    const first = pair.client();
    await pair.until(() => first.isOnline);
    for (const value of upTo(10)) first.send(Order, value);
    await closed(pair, first);
    const detail = 'its end was cut off';
    const damage = [{ code: 'WILCO_STORE_SET_BACK', detail, session: undefined }] as const;
    pair.store.faults = { damage };
    const second = pair.client();
    const lost: string[] = [];
    second.on('stateLost', ({ reason, resent }) => {
      lost.push(`${reason} ${resent}`);
    });
    await pair.until(() => second.isOnline && second.stats()?.unsettled === 0);
    expect(lost).toEqual(['clientStateLost 10']);
    expect(pair.handled).toEqual(upTo(10));
    await pair.stop();
  });
});

describe('a store', () => {
  test('of a server that was found damaged: its sessions are lost, and both sides are told', async () => {
    const pair = await durable();
    const random = new SeededRandom(2);
    const given = { clock: pair.clock, random, storeId: 'server-disk', worth: 'synced' } as const;
    const store = new FaultyStore(given);
    await pair.restartServer({ store });
    const client = pair.client();
    await pair.until(() => client.isOnline);
    await pair.run(5);
    const { id } = client;
    const lost: string[] = [];
    client.on('stateLost', ({ session, reason }) => {
      lost.push(`client ${session === id} ${reason}`);
    });
    const detail = 'its end was cut off';
    store.faults = { damage: [{ code: 'WILCO_STORE_SET_BACK', detail, session: id }] };
    const server = await pair.restartServer({ store });
    server.on('stateLost', ({ session, reason }) => {
      lost.push(`server ${session.id === id} ${reason}`);
    });
    await pair.until(() => lost.length === 2);
    expect(lost.toSorted()).toEqual(['client true serverStateLost', 'server true serverStateLost']);
    await pair.stop();
  });

  test('that is full takes no message, and takes them again when it has room', async () => {
    const pair = await durable();
    const client = pair.client();
    await pair.until(() => client.isOnline);
    pair.store.isFull = true;
    expect(() => client.send(Order, 1)).toThrow(
      expect.objectContaining({ code: 'WILCO_STORE_FULL' }),
    );
    const waiting = client.send(Order, 2, { whenFull: 'wait' });
    await pair.run(1_000);
    expect(waiting.outcome).toBeUndefined();
    expect(pair.handled).toEqual([]);
    pair.store.isFull = false;
    await pair.until(() => waiting.outcome !== undefined);
    expect(pair.handled).toEqual([2]);
    await pair.stop();
  });

  test('that stays full for longer than storeTimeoutMs ends nothing: all goes on when it has room', async () => {
    const pair = await durable();
    const storeTimeoutMs = 2_000;
    const store = new FaultyStore({
      ...{ clock: pair.clock, random: new SeededRandom(5), storeId: 'inbox' },
      worth: 'synced',
    });
    const server = await pair.restartServer({ store, storeTimeoutMs });
    const client = pair.client({ storeTimeoutMs });
    const ends: string[] = [];
    client.on('stateLost', ({ reason }) => ends.push(reason));
    server.on('stateLost', ({ reason }) => ends.push(reason));
    client.on('closed', () => ends.push('closed'));
    await pair.until(() => client.isOnline);
    const session = client.id;

    // The disk of the receiver: nothing is received, and the sender waits.
    store.faults = { isStuckWhenFull: true };
    store.isFull = true;
    const first = client.send(Order, 1);
    await pair.run(60_000);
    expect([pair.handled, first.outcome, client.isOnline]).toEqual([[], undefined, true]);
    store.isFull = false;
    await pair.until(() => first.outcome !== undefined);

    // That of the sender: what was being written when the room was gone waits, no other is taken.
    pair.store.faults = { isStuckWhenFull: true, commitMs: 20 };
    const second = client.send(Order, 2);
    const third = client.send(Order, 3);
    await pair.run(0.01);
    pair.store.isFull = true;
    expect(() => client.send(Order, 4)).toThrow(
      expect.objectContaining({ code: 'WILCO_STORE_FULL' }),
    );
    await pair.run(60_000);
    expect([second.outcome, third.outcome]).toEqual([undefined, undefined]);
    pair.store.isFull = false;
    await pair.until(() => third.outcome !== undefined);
    client.send(Order, 4);
    await pair.until(() => pair.handled.length === 4);
    expect(pair.handled).toEqual([1, 2, 3, 4]);
    expect([ends, client.id]).toEqual([[], session]);
    await pair.stop();
  });

  test('that hangs when it has room again has failed after storeTimeoutMs', async () => {
    const pair = await durable();
    const client = pair.client({ storeTimeoutMs: 2_000 });
    const ends: unknown[] = [];
    client.on('closed', ({ error }) => ends.push(error?.code));
    await pair.until(() => client.isOnline);
    pair.store.faults = { hangRate: 1 };
    client.send(Order, 1).settled.catch(() => {});
    await pair.run(1);
    pair.store.isFull = true;
    await pair.run(10_000);
    expect(ends).toEqual([]);
    pair.store.isFull = false;
    await pair.run(1_900);
    expect(ends).toEqual([]);
    await pair.run(200);
    expect(ends).toEqual(['WILCO_STORE_FAILED']);
    await pair.stop();
  });

  test('holds the writes that an application gives with a message together with it', async () => {
    const pair = await durable();
    pair.store.faults = { commitMs: 20 };
    const client = pair.client(NOWHERE);
    const writes = [{ type: 'put', key: 'order/1', value: 'sent' }] as const;
    const receipt = client.send(Order, 1, { writes });
    let isQueued = false;
    void receipt.queued.then(() => (isQueued = true));
    while (!isQueued) {
      expect(pair.store.application.size).toBe(0);
      await pair.run(1);
    }
    expect(pair.store.application.get('order/1')).toBe('sent');
    expect(() => pair.dial('plain').send(Order, 1, { writes })).toThrow(
      expect.objectContaining({ code: 'WILCO_WRITES_UNSUPPORTED' }),
    );
    await pair.stop();
  });

  test.for([
    ['memory', 10_000],
    ['synced', 1_000_000],
  ] as const)('of worth %s bounds the outbox by default: %i messages', async ([worth, most]) => {
    const pair = await durable();
    const random = new SeededRandom(1);
    const store = new FaultyStore({ clock: pair.clock, random, storeId: 'other', worth });
    const client = pair.client({ store, ...NOWHERE, outboxHeadMessages: 4_096 });
    await pair.run(1);
    const send = (): void => {
      for (let i = 0; i < 10_001; i++) client.send(Order, i);
    };
    if (most > 10_000) expect(send).not.toThrow();
    else expect(send).toThrow(expect.objectContaining({ code: 'WILCO_OUTBOX_FULL' }));
    await pair.stop();
  });
});
