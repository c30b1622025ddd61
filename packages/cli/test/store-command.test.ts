/** `wilco store`: what somebody sees, and can do, whose store does not move at night. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect, defineMessage, json, RetryLater } from '@wilco/client';
import { listen, type Server } from '@wilco/server';
import { levelStore } from '@wilco/store/level';
import { ClassicLevel } from 'classic-level';
import { describe, expect, test, vi } from 'vitest';
import { listening, objectsOf, scratchFolder, wilco } from './cli-process.ts';

const Order = defineMessage<number>('orders', { codec: json });

/** What a command of `wilco store` came to. */
interface Seen {
  readonly exit: number | string;
  readonly text: string;
  readonly errors: string;
}

async function store(...words: string[]): Promise<Seen> {
  const one = wilco(['store', ...words]);
  const exit = await one.exit;
  return { exit, text: one.text, errors: one.stderr };
}

/** An outbox of so many orders that no server ever took; their ids are `order 0` and so on. */
async function outbox(count: number): Promise<string> {
  const folder = join(scratchFolder(), 'outbox');
  const client = connect({ host: '127.0.0.1', port: 1, store: levelStore(folder) });
  client.on('failureUnobserved', () => {});
  // When it answers, the store is open.
  await client.pending().next();
  for (let number = 0; number < count; number += 1) {
    client.send(Order, number, { id: `order ${number}` });
  }
  await client.close({ drainMs: 0 });
  return folder;
}

/** A server that gives up each order after one attempt, or takes it. */
function serverOf(folder: string, taken?: number[]): Promise<Server> {
  const server = listen({ port: 0, host: '127.0.0.1', store: levelStore(folder), maxAttempts: 1 });
  return server.then((one) => {
    one.handle(Order, (order) => {
      if (taken === undefined) throw new RetryLater(1);
      taken.push(order);
    });
    return one;
  });
}

/** An inbox in which the orders 0 and 1 are dead letters. */
async function deadInbox(): Promise<string> {
  const folder = join(scratchFolder(), 'inbox');
  const server = await serverOf(folder);
  const client = connect({ host: '127.0.0.1', port: server.address.port ?? 0 });
  for (const number of [0, 1]) {
    const outcome = await client.send(Order, number, { id: `order ${number}` }).settled;
    expect(outcome.status).toBe('rejected');
  }
  await client.end();
  await server.close({ drainMs: 0 });
  return folder;
}

/** Which orders a server takes that has the inbox from now on. */
async function takenFrom(inbox: string, count: number): Promise<number[]> {
  const taken: number[] = [];
  const server = await serverOf(inbox, taken);
  await vi.waitUntil(() => taken.length === count, { timeout: 20_000 });
  await server.close({ drainMs: 0 });
  return taken;
}

describe('an outbox', () => {
  test('is seen at a glance: how much, since when, for whom, and why', async () => {
    const { exit, text } = await store('inspect', await outbox(1_200));
    expect(exit).toBe(0);
    expect(text).toMatch(/^to be sent +1,200 messages, [\d.]+ KiB, the oldest for /m);
    expect(text).toMatch(/^dead letters +none$/m);
    expect(text).toContain('with a server that was never reached');
    expect(text).toContain('the first, #1 orders: no server has been reached yet');
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  test('is listed message by message, in order, as many as wanted', async () => {
    const folder = await outbox(300);
    const { text } = await store('list', folder, '--limit', '2');
    expect(text).toMatch(/^#1 +order 0 +orders +1 B +.* no server has been reached yet$/m);
    expect(text).toMatch(/^#2 +order 1 /m);
    expect(text).not.toContain('order 2');
    expect(text).toContain('300 pending messages, of which 2 are shown');
    const all = objectsOf((await store('list', folder, '--json')).text);
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 300 }, (_, i) => `order ${i}`));
    expect(all[0]).toMatchObject({ way: 'out', seq: 1, type: 'orders', bytes: 1 });
    expect((await store('list', folder, '--type', 'others')).text).toBe('no pending message\n');
    expect((await store('list', folder, '--session', 'zz')).text).toBe('no pending message\n');
  });

  test('is not looked into while its owner runs, and that is said', async () => {
    const inbox = join(scratchFolder(), 'inbox');
    await listening(['--store', inbox]);
    for (const words of [['inspect'], ['list'], ['verify'], ['requeue', '--all']]) {
      const { exit, text, errors } = await store(...words, inbox);
      expect([exit, text]).toEqual([1, '']);
      expect(errors).toMatch(/WILCO_STORE_LOCKED.*Its owner is running: stop it first/s);
    }
  });

  test('that is not there is not made', async () => {
    const folder = join(scratchFolder(), 'nothing');
    for (const words of [['inspect'], ['requeue', '--all'], ['purge', '--dead', '--all']]) {
      const { exit, errors } = await store(...words, folder);
      expect(exit).toBe(1);
      expect(errors).toMatch(/there is no store.*Is it the folder that was given/s);
    }
    expect(readdirSync(join(folder, '..'))).toEqual([]);
  });
});

describe('verify', () => {
  test('ends with 0 where nothing is missing or wrong', async () => {
    const { exit, text } = await store('verify', await outbox(40));
    expect([exit, text]).toEqual([0, expect.stringContaining('nothing is missing or wrong')]);
  });

  test('finds a flipped bit in a record', async () => {
    const folder = await outbox(40);
    const path = await database(folder, async (level) => {
      for await (const [key, value] of level.iterator()) {
        if (!/m\d+/.test(key) || value.byteLength < 200) continue;
        value[100] = (value[100] ?? 0) ^ 1;
        await level.put(key, value);
        return key;
      }
      return undefined;
    });
    expect(path).toBeDefined();
    const { exit, text } = await store('verify', folder);
    expect(exit).toBe(1);
    expect(text).toMatch(/^WILCO_STORE_DAMAGED: .*\(session /m);
    expect((await store('verify', folder, '--json')).text).toContain('"isWhole":false');
  });

  test('finds a hole', async () => {
    const folder = await outbox(40);
    await database(folder, async (level) => {
      for await (const key of level.keys()) if (/m\d+/.test(key)) await level.del(key);
    });
    const { exit, text } = await store('verify', folder);
    expect(exit).toBe(1);
    expect(text).toMatch(/^WILCO_STORE_DAMAGED: /m);
    expect((await store('inspect', folder)).text).toContain('DAMAGED');
  });

  test('finds a store that was set back, which is then not changed', async () => {
    const folder = await outbox(40);
    const before = join(folder, '..', 'before');
    cpSync(join(folder, 'database'), before, { recursive: true });
    const client = connect({ host: '127.0.0.1', port: 1, store: levelStore(folder) });
    await client.pending().next();
    client.send(Order, 41);
    await client.close({ drainMs: 0 });
    rmSync(join(folder, 'database'), { recursive: true });
    cpSync(before, join(folder, 'database'), { recursive: true });
    const { exit, text } = await store('verify', folder);
    expect(exit).toBe(1);
    expect(text).toMatch(/^WILCO_STORE_SET_BACK: it ends with commit \d+, and held commit \d+$/m);
    const purge = await store('purge', folder, '--pending', '--all', '--yes');
    expect([purge.exit, purge.text]).toEqual([1, '']);
    expect(purge.errors).toContain('it is damaged, so nothing was changed');
  });
});

describe('dead letters', () => {
  test('are listed, requeued by their ids, and handled when the owner starts', async () => {
    const folder = await deadInbox();
    const { text } = await store('list', folder, '--dead');
    expect(text).toMatch(/^order 0\n {2}orders, 1 B, given up .* ago, 20/m);
    expect(text).toMatch(/^ {2}after 1 attempt: WILCO_ATTEMPTS_OVER: /m);
    expect(text).toContain('2 dead letters\nto start handlers again: wilco store requeue');
    expect((await store('inspect', folder)).text).toMatch(/^dead letters +2, \d+ B, the oldest /m);
    const requeued = await store('requeue', folder, 'order 1');
    expect([requeued.exit, requeued.text]).toEqual([0, expect.stringContaining('1 dead letter ')]);
    expect((await store('list', folder, '--dead')).text).toContain('requeued: its handler starts');
    expect(await takenFrom(folder, 1)).toEqual([1]);
    const [left, ...more] = objectsOf((await store('list', folder, '--dead', '--json')).text);
    expect([left, more]).toMatchObject([{ id: 'order 0', body: 'MA==', isRequeued: false }, []]);
  });

  test('are purged with --yes, and not without', async () => {
    const folder = await deadInbox();
    const asked = await store('purge', folder, '--dead', 'order 0');
    expect(asked.exit).toBe(1);
    expect(asked.errors).toMatch(/1 dead letter .* would be gone for good/);
    expect((await store('list', folder, '--dead')).text).toContain('order 0');
    expect(await store('purge', folder, '--dead', 'order 0', '--yes')).toMatchObject({
      exit: 0,
      text: '1 dead letter purged\n',
    });
    expect((await store('list', folder, '--dead')).text).not.toContain('order 0');
    expect((await store('requeue', folder, 'order 0')).errors).toContain('no dead letter is meant');
  });
});

test('messages that are purged are not dropped: their owner settles them, and no handler takes them', async () => {
  const folder = await outbox(20);
  const asked = await store('purge', folder, '--pending', '--type', 'orders');
  expect(asked).toMatchObject({ exit: 1, text: '' });
  expect(asked.errors).toMatch(/the time to live of 20 messages \(.*\) would end now/);
  const purged = await store('purge', folder, '--pending', 'order 3', 'order 4', '--yes', '--json');
  expect(objectsOf(purged.text)).toEqual([{ purged: 2 }]);
  const listed = objectsOf((await store('list', folder, '--json')).text);
  const over = listed.filter(({ why }) => String(why).startsWith('its time is over'));
  expect(over.map(({ id }) => id)).toEqual(['order 3', 'order 4']);

  const taken: number[] = [];
  const server = await serverOf(join(scratchFolder(), 'inbox'), taken);
  const port = server.address.port ?? 0;
  const client = connect({ host: '127.0.0.1', port, store: levelStore(folder) });
  const ends = new Map<string, string>();
  client.on('settled', ({ id, outcome }) => ends.set(id, outcome.status));
  client.on('failureUnobserved', () => {});
  await client.opened;
  await client.drain();
  await client.close();
  await server.close();
  expect(taken).toEqual(Array.from({ length: 20 }, (_, i) => i).filter((i) => i !== 3 && i !== 4));
  expect([ends.get('order 2'), ends.get('order 3')]).toEqual(['handled', 'expired']);
});

test.each([
  [['purge', '.', '--all'], /--dead or --pending, one of them/],
  [['purge', '.', '--dead', '--pending', '--all'], /--dead or --pending, one of them/],
  [['purge', '.', '--dead'], /which ones\?/],
  [['requeue', '.'], /which ones\?/],
  [['list'], /missing required argument 'dir'/],
])('%j is wrong usage: nothing is begun', async (words, message) => {
  const { exit, errors } = await store(...words);
  expect(exit).toBe(2);
  expect(errors).toMatch(message);
});

/** Opens the database of a store that nobody has open, as it is. */
async function database<Result>(
  folder: string,
  change: (level: ClassicLevel<string, Uint8Array>) => Promise<Result>,
): Promise<Result> {
  const options = { valueEncoding: 'view', compression: false } as const;
  const level = new ClassicLevel<string, Uint8Array>(join(folder, 'database'), options);
  await level.open();
  try {
    return await change(level);
  } finally {
    await level.close();
  }
}
