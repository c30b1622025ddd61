import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { startProxy, type MisbehavingProxy } from '../../src/proxy/misbehaving-proxy.ts';
import type { ProxyOptions } from '../../src/proxy/proxy-options.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

describe('a proxy without faults', () => {
  test('forwards both directions unchanged, and the end of each', async () => {
    const { client, peer } = await connected({});
    client.end(Buffer.alloc(300_000, 'up'));
    peer.end(Buffer.alloc(200_000, 'down'));
    expect((await everything(peer)).equals(Buffer.alloc(300_000, 'up'))).toBe(true);
    expect((await everything(client)).equals(Buffer.alloc(200_000, 'down'))).toBe(true);
  });

  test('forwards everything in small pieces and late, if asked to', async () => {
    const { client, peer } = await connected({ dribbleBytes: 7, delayMs: 5 });
    client.end('a line of some length\n'.repeat(20));
    expect((await everything(peer)).toString()).toBe('a line of some length\n'.repeat(20));
  });

  test('takes no more than it can hold while the reader is slow, and then the rest', async () => {
    const { proxy, client, peer } = await connected({});
    client.end(Buffer.alloc(40_000_000, 'x'));
    await quiet(() => proxy.counts.bytes.up);
    expect(proxy.counts.bytes.up).toBeLessThan(30_000_000);
    expect((await everything(peer)).length).toBe(40_000_000);
  });

  test('keeps every byte for as long as it was told', async () => {
    const { client, peer } = await connected({ delayMs: 30 });
    const startMs = performance.now();
    client.write('up');
    await arrives(peer, 'up');
    peer.write('down');
    await arrives(client, 'down');
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(60);
  });

  test('ends the client when there is no server', async () => {
    // A port that was free a moment ago may be another test's by now; nobody listens on this one.
    const proxy = await started({ target: { host: '127.0.0.1', port: 1 } });
    const client = connect(proxy.address);
    expect(await endOf(client)).toBe('ECONNRESET');
  });

  test('refuses options out of range', async () => {
    const target = { host: '127.0.0.1', port: 1 };
    await expect(startProxy({ target, cutEveryMs: 0 })).rejects.toThrow('WILCO_OPTION_INVALID');
    await expect(startProxy({ target, seed: -1 })).rejects.toThrow('WILCO_OPTION_INVALID');
  });

  test('says so when its address is taken', async () => {
    const proxy = await started({ target: { host: '127.0.0.1', port: 1 } });
    const taken = startProxy({ target: { host: '127.0.0.1', port: 1 }, listen: proxy.address });
    await expect(taken).rejects.toThrow('WILCO_LISTEN_FAILED');
  });
});

describe('a cut', () => {
  test('ends both connections in the middle of a frame', async () => {
    const { proxy, client, peer } = await connected({ framing: 'lines' });
    client.write('first\n');
    await arrives(peer, 'first\n');
    proxy.strikeNext('cut');
    client.write('second\nthird\n');
    const [rest] = await Promise.all([everything(peer), endOf(client)]);
    expect(rest.length).toBeGreaterThan(0);
    expect('second\n'.startsWith(rest.toString()) && rest.length < 7).toBe(true);
    expect(proxy.counts.faults).toMatchObject({ cut: 1, reset: 0 });
  });
});

describe('a silence', () => {
  test('swallows what comes and keeps both connections open', async () => {
    const { proxy, client, peer } = await connected({ framing: 'lines' });
    proxy.strikeNext('stall');
    const struck = strike(proxy);
    let arrived = 0;
    peer.on('data', (piece) => (arrived += piece.length));
    client.write('one\n');
    await struck;
    await new Promise((resolve) => client.write('two\n', resolve));
    await turns(20);
    expect(arrived).toBe(0);
    expect([client.closed, peer.closed]).toEqual([false, false]);
  });

  test('lets not even the end of a side through', async () => {
    const { proxy, client, peer } = await connected({ framing: 'lines' });
    proxy.strikeNext('stall');
    const struck = strike(proxy);
    client.write('one\n');
    await struck;
    client.destroy();
    await endOf(client);
    await turns(20);
    expect(peer.readableEnded).toBe(false);
    expect(proxy.openConnections).toBe(1);
  });

  test('ends with a reset when its time is over', async () => {
    const { proxy, client, peer } = await connected({ framing: 'lines', stallForMs: 20 });
    proxy.strikeNext('stall');
    client.write('one\n');
    expect(await Promise.all([endOf(client), endOf(peer)])).toEqual(['ECONNRESET', 'ECONNRESET']);
  });
});

describe('a reset', () => {
  test('reaches both sides as one', async () => {
    const { proxy, client, peer } = await connected({ framing: 'lines' });
    proxy.strikeNext('reset');
    client.write('one\n');
    expect(await Promise.all([endOf(client), endOf(peer)])).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect(proxy.counts.faultsInFlight.reset).toBe(1);
  });
});

describe('damage', () => {
  test('turns over one bit and lets the rest pass', async () => {
    const { proxy, client, peer } = await connected({ framing: 'bytes' });
    proxy.strikeNext('corrupt');
    const sent = Buffer.alloc(100);
    client.end(sent);
    const arrived = await everything(peer);
    expect(arrived.length).toBe(100);
    const bits = [...arrived].map((byte) => byte.toString(2).replaceAll('0', '').length);
    expect(bits.reduce((sum, count) => sum + count, 0)).toBe(1);
  });
});

describe('what counts as in flight', () => {
  const PREAMBLE = Buffer.from('WILCO\r\n\x01');
  const MESSAGE = Buffer.of(2, 0x80, 1);
  const ACK = Buffer.of(2, 11, 1);
  const PING = Buffer.of(2, 14, 0);

  test('a fault waits until a message is on its way', async () => {
    const { proxy, client, peer } = await connected({});
    proxy.strikeNext('reset');
    client.write(Buffer.concat([PREAMBLE, PING]));
    await arrives(peer, Buffer.concat([PREAMBLE, PING]).toString());
    expect(proxy.counts.faults.reset).toBe(0);
    const struck = strike(proxy);
    client.write(MESSAGE);
    expect(await struck).toEqual({ fault: 'reset', direction: 'up', inFlight: 1 });
  });

  test('a message is in flight until an acknowledgement has passed back', async () => {
    const { proxy, client, peer } = await connected({});
    client.write(Buffer.concat([PREAMBLE, MESSAGE, MESSAGE]));
    await arrives(peer, Buffer.concat([PREAMBLE, MESSAGE, MESSAGE]).toString());
    peer.write(Buffer.concat([PREAMBLE, ACK]));
    await arrives(client, Buffer.concat([PREAMBLE, ACK]).toString());
    proxy.strikeNext('cut');
    peer.write(PING);
    await arrives(client, PING.toString());
    const struck = strike(proxy);
    peer.write(MESSAGE);
    expect(await struck).toEqual({ fault: 'cut', direction: 'down', inFlight: 1 });
  });

  test('an acknowledgement can be struck itself', async () => {
    const { proxy, client, peer } = await connected({});
    client.write(Buffer.concat([PREAMBLE, MESSAGE, MESSAGE]));
    await arrives(peer, Buffer.concat([PREAMBLE, MESSAGE, MESSAGE]).toString());
    proxy.strikeNext('stall');
    const struck = strike(proxy);
    peer.write(Buffer.concat([PREAMBLE, ACK]));
    expect(await struck).toEqual({ fault: 'stall', direction: 'down', inFlight: 2 });
  });

  test('a proxy that may strike when idle does not wait', async () => {
    const { proxy, client } = await connected({ strikesWhenIdle: true });
    proxy.strikeNext('reset');
    const struck = strike(proxy);
    client.write(Buffer.concat([PREAMBLE, PING]));
    expect(await struck).toEqual({ fault: 'reset', direction: 'up', inFlight: 0 });
    expect(proxy.counts.faultsInFlight.reset).toBe(0);
  });
});

/** A server, a proxy before it, and one connection through both. */
async function connected(options: Omit<ProxyOptions, 'target'>) {
  const server = await listening(createServer({ allowHalfOpen: true }));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await started({ ...options, target: { host: '127.0.0.1', port } });
  const client = connect({ ...proxy.address, allowHalfOpen: true });
  const peer = await accepted;
  for (const socket of [client, peer]) {
    socket.on('error', () => {});
    undo.push(() => void socket.destroy());
  }
  return { proxy, client, peer };
}

async function started(options: ProxyOptions): Promise<MisbehavingProxy> {
  const proxy = await startProxy(options);
  undo.push(async () => {
    await proxy.close();
    expect(proxy.openConnections).toBe(0);
  });
  return proxy;
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => void server.close());
  return server;
}

function strike(proxy: MisbehavingProxy): Promise<unknown> {
  return new Promise((resolve) => proxy.onStrike(resolve));
}

async function everything(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Resolves when exactly `text` has come in, and leaves the socket to others. */
async function arrives(socket: Socket, text: string): Promise<void> {
  let arrived = '';
  await new Promise<void>((resolve) => {
    socket.on('data', function take(piece: Buffer) {
      arrived += piece.toString();
      if (arrived.length < text.length) return;
      socket.off('data', take);
      socket.pause();
      resolve();
    });
    socket.resume();
  });
  expect(arrived).toBe(text);
}

/** How a socket ended: the code of its error, or `closed`. */
function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let reason = 'closed';
    socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? 'unknown'));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(reason));
    socket.resume();
  });
}

/** Resolves when a number has stopped to change. */
async function quiet(value: () => number): Promise<void> {
  for (let last = -1; last !== value();) {
    last = value();
    await turns(500);
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
