/** The whole stack over real sockets on this machine. */
import { createConnection, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connect, defineMessage, Rejection, type Client, type ClientOptions } from '@wilco/client';
import { listen, type Server, type ServerOptions } from '@wilco/server';

const Hello = defineMessage<{ name: string }, string>('hello');
const Count = defineMessage<number, number>('count');
const Notice = defineMessage<{ text: string }>('notice');

const open: { close(options: { drainMs: number }): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close({ drainMs: 0 });
});

async function server(options: Partial<ServerOptions> = {}): Promise<Server> {
  const listening = await listen({ host: '127.0.0.1', port: 0, ...options });
  open.push(listening);
  return listening;
}

function client(port: number, options: Partial<ClientOptions> = {}): Client {
  const connected = connect({ host: '127.0.0.1', port, ...options });
  open.push(connected);
  return connected;
}

describe('a message', () => {
  test('is queued, received and handled, and brings its reply', async () => {
    const { port } = (await greeter()).address;
    const receipt = client(port).send(Hello, { name: 'Ada' });
    await receipt.queued;
    await receipt.received;
    expect(await receipt.handled).toBe('hello Ada');
    expect(receipt.outcome).toEqual({ status: 'handled', reply: 'hello Ada', replyLost: false });
  });

  test('whose handler rejects it is rejected with the code it gave', async () => {
    const strict = await server();
    strict.handle(Hello, () => {
      throw new Rejection('NOT_TODAY', 'come back tomorrow', { isRetryable: true });
    });
    const receipt = client(strict.address.port).send(Hello, { name: 'Ada' });
    await expect(receipt.handled).rejects.toMatchObject({
      code: 'WILCO_REJECTED',
      outcome: { code: 'NOT_TODAY', reason: 'come back tomorrow', hasRun: true, isRetryable: true },
    });
  });

  test('whose handler throws is rejected, and the server is told', async () => {
    const clumsy = await server();
    const failures: unknown[] = [];
    clumsy.on('handlerFailed', ({ error, type }) => failures.push([type, String(error)]));
    clumsy.handle(Hello, () => {
      throw new TypeError('oops');
    });
    const outcome = await client(clumsy.address.port).send(Hello, { name: 'Ada' }).settled;
    expect(outcome).toMatchObject({ code: 'WILCO_HANDLER_FAILED', reason: 'oops', hasRun: true });
    expect(failures).toEqual([['hello', 'TypeError: oops']]);
  });

  test('of an unknown type is rejected, and the connection lives on', async () => {
    const { port } = (await greeter()).address;
    const one = client(port);
    const outcome = await one.send(Count, 1).settled;
    expect(outcome).toMatchObject({ code: 'WILCO_TYPE_UNKNOWN', hasRun: false });
    expect(await one.send(Hello, { name: 'Ada' }).handled).toBe('hello Ada');
  });

  test('is cancelled by its signal before a handler takes it', async () => {
    const slow = await server();
    let finish: (value: number) => void = () => {};
    slow.handle(Count, () => new Promise<number>((resolve) => (finish = resolve)));
    const one = client(slow.address.port);
    const running = one.send(Count, 1);
    const controller = new AbortController();
    const waiting = one.send(Count, 2, { signal: controller.signal });
    await waiting.received;
    controller.abort();
    expect(await waiting.settled).toEqual({ status: 'cancelled', code: 'WILCO_CANCELLED' });
    finish(7);
    expect(await running.handled).toBe(7);
  });

  test('from the server to the client has the same receipt', async () => {
    const greeting = await server();
    const receipts: Promise<unknown>[] = [];
    greeting.on('session', (session) => {
      receipts.push(session.send(Notice, { text: 'welcome' }).settled);
    });
    const one = client(greeting.address.port);
    const texts: string[] = [];
    one.handle(Notice, ({ text }) => {
      texts.push(text);
    });
    await one.opened;
    await expect.poll(() => receipts.length).toBe(1);
    expect(await receipts[0]).toMatchObject({ status: 'handled' });
    expect(texts).toEqual(['welcome']);
  });

  test('of a megabyte comes through whole', async () => {
    const echo = await server();
    const Blob = defineMessage<Uint8Array, Uint8Array>('blob');
    echo.handle(Blob, (bytes) => bytes);
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251);
    const reply = await client(echo.address.port).send(Blob, bytes).handled;
    expect(Buffer.from(reply).equals(bytes)).toBe(true);
  });
});

describe('a session', () => {
  test('survives connections that are destroyed, and each message is handled once, in order', async () => {
    const counting = await server();
    const seen: number[] = [];
    counting.handle(Count, (number) => seen.push(number));
    const relay = await startRelay(counting.address.port);
    open.push(relay);
    const one = client(relay.port, { reconnect: { minMs: 1 } });
    let resumed = 0;
    one.on('resumed', () => (resumed += 1));
    const receipts = [];
    for (let number = 0; number < 200; number++) {
      receipts.push(one.send(Count, number));
      if (number % 50 === 25) {
        await receipts.at(-1)?.received;
        relay.cut();
      }
    }
    await Promise.all(receipts.map(({ handled }) => handled));
    expect(seen).toEqual(Array.from({ length: 200 }, (_, number) => number));
    expect(resumed).toBeGreaterThanOrEqual(3);
  });

  test('whose server closes and keeps nothing is over: unsettled messages are sent again to the next one, marked', async () => {
    const first = await listen({ host: '127.0.0.1', port: 0, retrySpreadMs: 0 });
    const { port } = first.address;
    first.handle(Count, () => new Promise<number>(() => {}));
    const one = client(port, { reconnect: { minMs: 1, maxMs: 20 } });
    const lost: unknown[] = [];
    one.on('stateLost', (event) => lost.push(event));
    const receipt = one.send(Count, 1);
    await receipt.received;
    await first.close({ drainMs: 0 });
    const second = await server({ port });
    const marks: boolean[] = [];
    second.handle(Count, (number, { isResent }) => {
      marks.push(isResent);
      return number + 1;
    });
    expect(await receipt.handled).toBe(2);
    expect(marks).toEqual([true]);
    expect(lost).toMatchObject([{ reason: 'ended', resent: 1, inDoubt: 0, moved: 0 }]);
  });

  test('is refused to credentials that are not accepted, for good', async () => {
    const strict = await server({
      authenticate: ({ credentials }) =>
        new TextDecoder().decode(credentials) === 'sesame' ? { identity: 'ali' } : undefined,
    });
    strict.handle(Hello, ({ name }, { session }) => `${name} is ${session.identity ?? 'nobody'}`);
    const thief = client(strict.address.port, { credentials: 'barley' });
    const receipt = thief.send(Hello, { name: 'thief' });
    await expect(thief.opened).rejects.toMatchObject({ code: 'WILCO_AUTHENTICATION_FAILED' });
    expect(await receipt.settled).toMatchObject({ status: 'cancelled' });
    const ali = client(strict.address.port, { credentials: () => Promise.resolve('sesame') });
    expect(await ali.send(Hello, { name: 'Ali' }).handled).toBe('Ali is ali');
  });
});

describe('closing', () => {
  test('drains what is in flight, and both sides know it from a loss', async () => {
    const slow = await server();
    slow.handle(Count, async (number) => {
      await new Promise((resolve) => setImmediate(resolve));
      return number;
    });
    const ends: string[] = [];
    slow.on('closed', ({ error }) => ends.push(error.code));
    const one = client(slow.address.port);
    const receipts = Array.from({ length: 20 }, (_, number) => one.send(Count, number));
    await one.close();
    expect(receipts.map(({ outcome }) => outcome?.status)).toEqual(Array(20).fill('handled'));
    await expect.poll(() => ends).toEqual(['WILCO_SESSION_ENDED']);
    expect(() => one.send(Count, 21)).toThrow('WILCO_CLOSED');
  });

  test('leaves nothing that keeps the process alive', async () => {
    const before = handles();
    const short = await listen({ host: '127.0.0.1', port: 0 });
    short.handle(Hello, ({ name }) => name);
    const one = connect({ host: '127.0.0.1', port: short.address.port });
    await one.send(Hello, { name: 'Ada' }).handled;
    await one.close();
    await short.close();
    await expect.poll(handles).toEqual(before);
  });

  test('of a client that never reached its server ends at once, and its messages are cancelled', async () => {
    const one = client(await freePort());
    const receipt = one.send(Hello, { name: 'nobody' });
    await one.close({ drainMs: 0 });
    expect(await receipt.settled).toEqual({ status: 'cancelled', code: 'WILCO_SESSION_ENDED' });
    await expect(one.opened).rejects.toMatchObject({ code: 'WILCO_CLOSED' });
  });
});

test('a stranger on the port gets our name and an error, and nothing else breaks', async () => {
  const { port } = (await greeter()).address;
  const answer = await new Promise<string>((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () =>
      socket.write('GET / HTTP/1.1\r\n\r\n'),
    );
    let text = '';
    socket.on('data', (bytes) => (text += bytes.toString('latin1')));
    socket.on('close', () => resolve(text));
  });
  expect(answer).toContain('WILCO');
  expect(answer).toContain('WILCO_PREAMBLE_UNKNOWN');
  expect(await client(port).send(Hello, { name: 'Ada' }).handled).toBe('hello Ada');
});

async function greeter(): Promise<Server> {
  const greeting = await server();
  greeting.handle(Hello, ({ name }) => `hello ${name}`);
  return greeting;
}

function handles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => name.includes('TCP'))
    .toSorted();
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Passes bytes on, until it is told to cut. */
async function startRelay(target: number) {
  const sockets = new Set<Socket>();
  const relay = createServer((near) => {
    const far = createConnection({ port: target, host: '127.0.0.1' });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (relay.address() as { port: number }).port,
    cut,
    close: async (): Promise<void> => {
      cut();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}
