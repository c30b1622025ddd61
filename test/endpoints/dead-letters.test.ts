import { describe, expect, test } from 'vitest';
import {
  decodeDeadLetter,
  defineMessage,
  encodeDeadLetter,
  requeuedDeadLetter,
  RetryLater,
  type DeadLetter,
} from '@wilco/client';
import { listen, type HandlerContext, type Server, type ServerOptions } from '@wilco/server';
import { memoryStore, type MemoryStore } from '@wilco/store';
import { virtualPair, PORT, type VirtualPair } from './virtual-pair.ts';

const Work = defineMessage<string, string>('work');

function later(): never {
  throw new RetryLater(10);
}

/** A server that gives up whatever it gets after its second attempt. */
async function hopeless(options: Partial<ServerOptions> = {}): Promise<VirtualPair> {
  const pair = await virtualPair({ server: { maxAttempts: 2, ...options } });
  pair.server.handle(Work, later);
  await pair.until(() => pair.client.isOnline);
  return pair;
}

async function sendAll(pair: VirtualPair, ...bodies: string[]): Promise<string[]> {
  const receipts = bodies.map((body) => pair.client.send(Work, body, { id: `id of ${body}` }));
  await pair.run(1_000);
  return receipts.map(({ outcome }) => (outcome?.status === 'rejected' ? outcome.code : ''));
}

/** The server closes, and starts again with the same store. */
async function restart(pair: VirtualPair, options: Partial<ServerOptions>): Promise<Server> {
  await closed(pair, pair.server);
  const host = pair.network.host('server');
  return listen({ port: PORT, transport: host.transport(), clock: host.clock, ...options });
}

async function closed(pair: VirtualPair, server: Server): Promise<void> {
  let isClosed = false;
  void server.close({ drainMs: 0 }).then(() => (isClosed = true));
  await pair.until(() => isClosed);
}

/** What a store that nobody has open holds, or holds after a change. */
async function lettersIn(
  store: MemoryStore,
  change: (letter: DeadLetter) => DeadLetter = (letter) => letter,
): Promise<DeadLetter[]> {
  await store.open();
  const letters = await new Promise<DeadLetter[]>((resolve) => {
    store.readEntries('deadLetters', { limit: 100 }, (_error, entries) => {
      resolve(entries.map(({ key, value }) => change(decodeDeadLetter(key, value))));
    });
  });
  const operations = letters.map((letter) => {
    const { key } = letter;
    return {
      type: 'putEntry',
      table: 'deadLetters',
      key,
      value: encodeDeadLetter(letter),
    } as const;
  });
  await new Promise<unknown>((resolve) => store.commit(operations, resolve));
  await store.close();
  return letters;
}

describe('a message that is given up', () => {
  test('is told with all that came, and kept with the commit that ends it', async () => {
    const store = memoryStore({ keep: true });
    const pair = await hopeless({ store });
    const told: DeadLetter[] = [];
    pair.server.on('deadLetter', (letter) => told.push(letter));
    expect(await sendAll(pair, 'one', 'two')).toEqual([
      'WILCO_ATTEMPTS_OVER',
      'WILCO_ATTEMPTS_OVER',
    ]);
    expect(told).toMatchObject([
      { id: 'id of one', type: 'work', channel: 'default', seq: 1, attempts: 2 },
      { id: 'id of two', code: 'WILCO_ATTEMPTS_OVER', isRequeued: false },
    ]);
    await pair.stop();
    expect(await lettersIn(store)).toEqual(told);
  });

  test('is taken by the handler of dead letters, and stays where that throws, also for the next run', async () => {
    const store = memoryStore({ keep: true });
    const pair = await hopeless({ store });
    const failures: unknown[] = [];
    pair.server.on('handlerFailed', ({ id }) => failures.push(id));
    await sendAll(pair, 'one', 'two');
    const taken: string[] = [];
    pair.server.handleDeadLetters(async ({ id }) => {
      await Promise.resolve();
      if (id === 'id of one') throw new Error('not yet');
      taken.push(id);
    });
    expect(() => pair.server.handleDeadLetters(() => {})).toThrow('WILCO_HANDLER_EXISTS');
    await pair.run(100);
    expect([taken, failures]).toEqual([['id of two'], ['id of one']]);

    const next = await restart(pair, { store });
    next.handleDeadLetters(({ id }) => void taken.push(id));
    await pair.run(100);
    expect(taken).toEqual(['id of two', 'id of one']);
    await closed(pair, next);
    expect(await lettersIn(store)).toEqual([]);
  });

  test('is handed over once where nothing is kept', async () => {
    const pair = await hopeless();
    const taken: string[] = [];
    pair.server.handleDeadLetters(({ id }) => void taken.push(id));
    await sendAll(pair, 'one');
    expect(taken).toEqual(['id of one']);
    await pair.stop();
  });

  test.each([
    ['so many', { deadLetterMessages: 2 }, ['id of three', 'id of four']],
    ['so much', { deadLetterBytes: 420 }, ['id of three', 'id of four']],
    ['so long', { deadLetterAgeMs: 1_500 }, ['id of four']],
  ])('is kept within limits: %s', async (_what, limits, left) => {
    const store = memoryStore({ keep: true });
    const pair = await hopeless({ store, ...limits });
    await sendAll(pair, 'one', 'two', 'three');
    await pair.run(1_000);
    await sendAll(pair, 'four');
    await pair.stop();
    expect((await lettersIn(store)).map(({ id }) => id)).toEqual(left);
  });
});

describe('a dead letter that is requeued', () => {
  /** One dead letter, requeued; and the next run of the server, with this handler. */
  async function requeued(
    handler: (body: string, context: HandlerContext) => string,
    options: Partial<ServerOptions> = {},
  ) {
    const store = memoryStore({ keep: true });
    const pair = await hopeless({ store });
    await sendAll(pair, 'one');
    await closed(pair, pair.server);
    await lettersIn(store, requeuedDeadLetter);
    const server = await restart(pair, { store, ...options });
    server.handle(Work, handler);
    await pair.run(1_000);
    return { pair, server, store };
  }

  test('is handled by the next run, under its old id and marked, with what its handler commits', async () => {
    const seen: unknown[] = [];
    const { pair, server, store } = await requeued((body, context) => {
      const { id, attempt, isRedelivered, channel, seq, sessionId, session } = context;
      seen.push([body, id, attempt, isRedelivered, channel, seq, session.id === sessionId]);
      context.commit([{ type: 'put', key: body, value: 1 }]);
      return body;
    });
    expect(seen).toEqual([['one', 'id of one', 3, true, 'default', 1, true]]);
    await closed(pair, server);
    expect(await lettersIn(store)).toEqual([]);
    expect(store.application.get('one')).toBe(1);
  });

  test('that fails again is a dead letter as before', async () => {
    const { pair, server, store } = await requeued(() => {
      throw new Error('still broken');
    });
    await closed(pair, server);
    expect(await lettersIn(store)).toMatchObject([
      { isRequeued: false, attempts: 3, code: 'WILCO_HANDLER_FAILED', reason: 'still broken' },
    ]);
  });

  test('has as many attempts as a new message', async () => {
    let calls = 0;
    const put = (): never => {
      calls += 1;
      throw new RetryLater(10);
    };
    const { pair, server, store } = await requeued(put, { maxAttempts: 4 });
    expect(calls).toBe(4);
    await closed(pair, server);
    expect(await lettersIn(store)).toMatchObject([
      { isRequeued: false, attempts: 6, code: 'WILCO_ATTEMPTS_OVER' },
    ]);
  });

  test('whose handler takes too long, or is interrupted by the end, is not lost', async () => {
    const slow = await requeued(() => new Promise<string>(() => {}) as never, {
      handlerTimeoutMs: 100,
      handlerGraceMs: 100,
    });
    await closed(slow.pair, slow.server);
    expect(await lettersIn(slow.store)).toMatchObject([
      { isRequeued: false, code: 'WILCO_HANDLER_TIMEOUT' },
    ]);
    const cut = await requeued(() => new Promise<string>(() => {}) as never);
    await closed(cut.pair, cut.server);
    expect(await lettersIn(cut.store)).toMatchObject([{ isRequeued: true, attempts: 3 }]);
  });
});
