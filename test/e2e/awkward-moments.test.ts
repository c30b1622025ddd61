/** Calls at awkward moments, over real sockets: nothing may die, hang or lie. */
import { getEventListeners } from 'node:events';
import { connect as dial } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connect, defineMessage, Rejection, type Client, type ClientOptions } from '@wilco/client';
import { listen, type Server, type ServerOptions } from '@wilco/server';

const Count = defineMessage<number, number>('count');
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

describe('an application that gives what it should not', () => {
  test.each([
    ['true', true],
    ['an identity that is no text', { identity: 42 }],
    ['an identity that is an object', { identity: {} }],
    ['null', null],
  ])('from authenticate (%s) refuses that client, and no other', async (_, answer) => {
    const strict = await server({
      authenticate: ({ credentials }) =>
        (credentials === undefined ? answer : { identity: 'ada' }) as never,
    });
    strict.handle(Count, (number) => number);
    await expect(client(strict.address.port).opened).rejects.toMatchObject({
      code: 'WILCO_AUTHENTICATION_FAILED',
    });
    expect(await client(strict.address.port, { credentials: 'x' }).send(Count, 1).handled).toBe(1);
  });

  test('from a handler rejects that message, and no other', async () => {
    const clumsy = await server();
    const oddities: (() => unknown)[] = [
      () => ({
        get then() {
          throw new Error('no then');
        },
      }),
      () => ({
        then() {
          throw new Error('then throws');
        },
      }),
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- an application may
        throw undefined;
      },
      () => {
        throw Object.assign(new Error('x'), { message: { not: 'text' } });
      },
      () => {
        throw new Rejection('\ud800'.repeat(300), '\ud800'.repeat(5_000));
      },
      () => Promise.reject(new Rejection('LATER', 'x'.repeat(100_000))),
    ];
    clumsy.handle(Count, (index) => oddities[index]?.() as number);
    const one = client(clumsy.address.port);
    const outcomes = await Promise.all(oddities.map((_, index) => one.send(Count, index).settled));
    expect(outcomes.map(({ status }) => status)).toEqual(oddities.map(() => 'rejected'));
    expect(await one.send(Count, 99).settled).toMatchObject({ status: 'handled' });
  });

  test('from a codec of replies loses the reply, and nothing else', async () => {
    const Odd = defineMessage<number, unknown>('odd', {
      replyCodec: { name: 'odd', encode: () => 'text' as never, decode: () => 1 },
    });
    const clumsy = await server();
    clumsy.handle(Odd, () => 1);
    const one = client(clumsy.address.port);
    expect(await one.send(Odd, 1).settled).toMatchObject({ status: 'handled', replyLost: true });
    expect(await one.send(Odd, 1).settled).toMatchObject({ status: 'handled', replyLost: true });
  });
});

test('a schema that never answers ends its message, and those behind it are handled', async () => {
  let asked = 0;
  const Slow = defineMessage<number, number>('slow', {
    schema: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => (
          (asked += 1),
          asked === 1 ? new Promise(() => {}) : { value: value as number }
        ),
      },
    },
  });
  const slow = await server({ handlerTimeoutMs: 30, handlerGraceMs: 10 });
  slow.handle(Slow, (number) => number);
  const one = client(slow.address.port);
  const hung = one.send(Slow, 1);
  const next = one.send(Slow, 2);
  expect(await hung.settled).toMatchObject({ code: 'WILCO_HANDLER_TIMEOUT' });
  expect(await next.handled).toBe(2);
});

describe('a listener', () => {
  test('that ends the successor of a lost session harms nothing', async () => {
    const strict = await server({
      authenticate: () => ({ identity: 'ada' }),
      oneSessionPerIdentity: true,
    });
    const ended: Promise<void>[] = [];
    strict.on('stateLost', ({ successor }) => ended.push(successor.end()));
    const first = client(strict.address.port);
    await first.opened;
    const second = client(strict.address.port, { reconnect: { minMs: 1 } });
    await expect.poll(() => ended.length).toBe(1);
    await Promise.all(ended);
    await second.opened;
  });

  test('that closes its client while the session is being lost harms nothing', async () => {
    const first = await listen({ host: '127.0.0.1', port: 0, retrySpreadMs: 0 });
    const { port } = first.address;
    first.handle(Count, () => new Promise<number>(() => {}));
    const one = client(port, { reconnect: { minMs: 1, maxMs: 10 } });
    let closed: Promise<void> | undefined;
    one.on('stateLost', () => (closed = one.close({ drainMs: 0 })));
    const receipt = one.send(Count, 1);
    await receipt.received;
    await first.close({ drainMs: 0 });
    await server({ port });
    await expect.poll(() => closed !== undefined).toBe(true);
    await closed;
    expect(await receipt.settled).toMatchObject({
      status: expect.stringMatching(/inDoubt|cancelled/),
    });
  });

  test('that ends the session when it goes offline, or opens, harms nothing', async () => {
    const strict = await server();
    strict.handle(Count, (number) => number);
    let opened = 0;
    strict.on('session', (session) => {
      opened += 1;
      if (opened === 1) void session.end();
    });
    strict.on('offline', ({ session }) => session.end());
    const one = client(strict.address.port, { reconnect: { minMs: 1, maxMs: 10 } });
    expect(await one.send(Count, 1).handled).toBe(1);
    expect(opened).toBe(2);
  });
});

describe('a handler that never finishes', () => {
  test('is told when its server closes, and its sender knows nothing', async () => {
    const slow = await listen({ host: '127.0.0.1', port: 0 });
    const reasons: unknown[] = [];
    slow.handle(Count, (_, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return new Promise<number>(() => {});
    });
    const receipt = client(slow.address.port, { whenSessionLost: 'inDoubt' }).send(Count, 1);
    await receipt.received;
    await slow.close({ drainMs: 0 });
    expect(reasons).toMatchObject([{ code: 'WILCO_GOING_AWAY' }]);
  });
});

describe('a full outbox', () => {
  test('leaves those who wait for room no worse when the client is closed', async () => {
    const slow = await server();
    slow.handle(Count, () => new Promise<number>(() => {}));
    const one = client(slow.address.port, { outboxMessages: 1, closeTimeoutMs: 50 });
    const receipts = [1, 2, 3].map((number) => one.send(Count, number, { whenFull: 'wait' }));
    await receipts[0]?.received;
    await one.close({ drainMs: 0 });
    const outcomes = await Promise.all(receipts.map(({ settled }) => settled));
    expect(outcomes.map(({ status }) => status)).toEqual(['inDoubt', 'cancelled', 'cancelled']);
    await one.drain();
  });

  test('leaves those who wait for room no worse when the client is taken over or refused', async () => {
    let isStrict = false;
    const strict = await server({
      retrySpreadMs: 0,
      authenticate: () => (isStrict ? undefined : { identity: 'ada' }),
    });
    strict.handle(Count, () => new Promise<number>(() => {}));
    const one = client(strict.address.port, { outboxMessages: 1, reconnect: { minMs: 1 } });
    const receipts = [1, 2, 3].map((number) => one.send(Count, number, { whenFull: 'wait' }));
    await receipts[0]?.received;
    isStrict = true;
    await strict.close({ drainMs: 0 });
    const again = await server({ port: strict.address.port, authenticate: () => undefined });
    expect(again.address.port).toBe(strict.address.port);
    const outcomes = await Promise.all(receipts.map(({ settled }) => settled));
    expect(outcomes.map(({ status }) => status)).toEqual(['inDoubt', 'cancelled', 'cancelled']);
    await one.drain();
  });

  test('lets those who wait in, in order, when the session was lost in doubt', async () => {
    const first = await listen({ host: '127.0.0.1', port: 0, retrySpreadMs: 0 });
    const { port } = first.address;
    first.handle(Count, () => new Promise<number>(() => {}));
    const one = client(port, {
      outboxMessages: 1,
      whenSessionLost: 'inDoubt',
      reconnect: { minMs: 1, maxMs: 10 },
    });
    const receipts = [1, 2, 3].map((number) => one.send(Count, number, { whenFull: 'wait' }));
    await receipts[0]?.received;
    await first.close({ drainMs: 0 });
    const second = await server({ port });
    const seen: number[] = [];
    second.handle(Count, (number) => seen.push(number));
    const outcomes = await Promise.all(receipts.map(({ settled }) => settled));
    expect(outcomes.map(({ status }) => status)).toEqual(['inDoubt', 'handled', 'handled']);
    expect(seen).toEqual([2, 3]);
  });

  test('refuses at once what it can never hold', async () => {
    const one = client(9, { outboxBytes: 100 });
    expect(() => one.send(Count, 'x'.repeat(200) as never, { whenFull: 'wait' })).toThrow(
      'WILCO_PAYLOAD_TOO_LARGE',
    );
    one.send(Count, 1);
  });
});

describe('a signal', () => {
  test('that is none is refused before anything was taken', async () => {
    const one = client(9);
    expect(() => one.send(Count, 1, { signal: {} as AbortSignal })).toThrow('WILCO_OPTION_INVALID');
    await one.drain();
  });

  test('that lives long holds nothing of receipts that have settled', async () => {
    const quick = await server();
    quick.handle(Count, (number) => number);
    const one = client(quick.address.port);
    const { signal } = new AbortController();
    const receipts = [1, 2, 3].map((number) => one.send(Count, number, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(3);
    await Promise.all(receipts.map(({ handled }) => handled));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

test('strangers of all kinds get an answer or an end, and nobody else notices', async () => {
  const quick = await server({ helloTimeoutMs: 60, closeTimeoutMs: 20 });
  quick.handle(Count, (number) => number);
  const { port } = quick.address;
  const says = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from('16030100a5010000a10303', 'hex'),
    Buffer.alloc(10_000, 0xff),
    Buffer.from('WILCO'),
    Buffer.alloc(0),
  ];
  const ends = says.map(
    (bytes) =>
      new Promise<void>((resolve) => {
        const socket = dial({ port, host: '127.0.0.1' }, () => socket.write(bytes));
        socket.on('error', () => {});
        socket.on('data', () => {});
        socket.on('close', () => resolve());
      }),
  );
  expect(await client(port).send(Count, 1).handled).toBe(1);
  await Promise.all(ends);
  expect(await client(port).send(Count, 1).handled).toBe(1);
});

test('200 clients at once all get through', async () => {
  const busy = await server();
  busy.handle(Count, (number) => number);
  const clients = Array.from({ length: 200 }, () => client(busy.address.port));
  const replies = await Promise.all(clients.map((one, index) => one.send(Count, index).handled));
  expect(replies).toEqual(replies.map((_, index) => index));
  expect(busy.sessions).toHaveLength(200);
  await Promise.all(clients.map((one) => one.close()));
});

test('a port is free again when its server is closed, and its clients come to the next', async () => {
  const first = await listen({ host: '127.0.0.1', port: 0, retrySpreadMs: 0 });
  first.handle(Count, (number) => number);
  const { port } = first.address;
  const one = client(port, { reconnect: { minMs: 1, maxMs: 10 } });
  expect(await one.send(Count, 1).handled).toBe(1);
  await first.close({ drainMs: 0 });
  const second = await server({ port });
  second.handle(Count, (number) => -number);
  expect(await one.send(Count, 1).handled).toBe(-1);
});
