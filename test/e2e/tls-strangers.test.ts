/** What strangers do to a port that speaks TLS, and what a client meets that dials something else. */
import { connect as dial, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as dialTls } from 'node:tls';
import { describe, expect } from 'vitest';
import { tlsServer, type Connection } from '@wilco/endpoint';
import type { Server } from '@wilco/server';
import { numbers } from './endpoints.ts';
import { Count } from './messages.ts';
import { Relay } from './relay.ts';
import { ca, failure, ownCertificate, test, type SecureEndpoints } from './secure-endpoints.ts';

/** Tests run on busy machines. */
const PATIENT = { timeout: 10_000 };

/** The server still takes clients, and keeps nothing of those who went. */
async function isWell(there: SecureEndpoints, server: Server): Promise<void> {
  const client = there.secureClient(server.address.port);
  expect(await client.send(Count, 1).handled).toBe(1);
  await expect.poll(() => server.stats().connections, PATIENT).toBe(1);
}

describe('plain text on a port that speaks TLS', () => {
  test('is told so, and the client says what to do', async ({ there }) => {
    const server = await there.secureServer();
    const client = there.client(server.address.port);
    const error = await failure(client);
    expect(error).toMatchObject({ code: 'WILCO_TLS_FAILED', retryable: true });
    expect(error.message).toContain('this port speaks TLS');
    expect(there.endings()[0]).toBe('WILCO_TLS_FAILED');
    await client.close();
    await isWell(there, server);
  });

  test.for([
    ['a request of HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['noise', 'x'.repeat(10_000)],
    ['a record of TLS that is none', '\u0016\u0003\u0001\u00ff\u00ff\u0002'],
    ['nothing at all, and an end', ''],
  ] as const)('ends that connection: %s', async ([, bytes], { there }) => {
    const server = await there.secureServer({}, { helloTimeoutMs: 300 });
    await gone(dial(server.address.port, '127.0.0.1').end(Buffer.from(bytes, 'latin1')));
    await isWell(there, server);
  });
});

describe('a client that speaks TLS', () => {
  test('is told by a server in plain text, each in its own words', async ({ there }) => {
    const server = await there.server({ log: (entry) => void there.log.push(entry) });
    const client = there.secureClient(server.address.port);
    const error = await failure(client);
    expect(error).toMatchObject({ code: 'WILCO_TLS_FAILED' });
    expect(error.message).toContain('the other side does not speak TLS');
    await client.close();
    await expect.poll(() => there.endings(), PATIENT).toContain('WILCO_PREAMBLE_UNKNOWN');
    server.handle(Count, (number) => number);
    expect(await there.client(server.address.port).send(Count, 1).handled).toBe(1);
  });

  test('gives up a dial that is accepted and never secured, and makes another', async ({
    there,
  }) => {
    const mute = await listening((socket) => socket.resume());
    const { port } = mute;
    const client = there.secureClient(port, { ca }, { connectTimeoutMs: 100 });
    expect(await failure(client)).toMatchObject({ code: 'WILCO_OPENING_TIMEOUT' });
    expect(await failure(client)).toMatchObject({ code: 'WILCO_OPENING_TIMEOUT' });
    await client.close();
    await mute.close();
  });

  test('calls a reset before it is secure what it is: no connection', async ({ there }) => {
    const rude = await listening((socket) => void socket.resetAndDestroy());
    const client = there.secureClient(rude.port);
    expect(await failure(client)).toMatchObject({
      code: 'WILCO_CONNECT_FAILED',
      cause: { code: 'ECONNRESET' },
    });
    await client.close();
    await rude.close();
  });

  test('asks for its certificates before each try, and lives with a function that fails', async ({
    there,
  }) => {
    const server = await there.secureServer();
    let asked = 0;
    const client = there.secureClient(server.address.port, () => {
      asked += 1;
      if (asked === 1) throw new Error('no such file');
      return asked === 2 ? { ca: 'half a file', cert: 'x', key: 'y' } : { ca };
    });
    const errors = [await failure(client), await failure(client)];
    expect(errors.map(({ code }) => code)).toEqual(['WILCO_TLS_FAILED', 'WILCO_TLS_FAILED']);
    expect(errors[0]?.message).toContain('no such file');
    await client.opened;
    expect(asked).toBe(3);
  });

  test('and offers another protocol only (ALPN) is refused', async ({ there }) => {
    const server = await there.secureServer();
    const { port } = server.address;
    const other = dialTls({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca,
      ALPNProtocols: ['h2'],
    });
    await gone(other);
    expect(other.alpnProtocol).not.toBe('wilco/1');
    expect(there.endings()).toEqual(['WILCO_TLS_FAILED']);
    await isWell(there, server);
  });
});

describe('a handshake of TLS', () => {
  test('that is never begun, or never finished, is ended in time', async ({ there }) => {
    const server = await there.secureServer({}, { helloTimeoutMs: 200 });
    const beginnings = [
      '',
      '\u0016',
      '\u0016\u0003\u0001\u0001\u0000\u0001\u0000\u0000\u00fc\u0003\u0003',
    ];
    await Promise.all(
      beginnings.map(async (text) => {
        const socket = dial(server.address.port, '127.0.0.1');
        socket.write(Buffer.from(text, 'latin1'));
        await gone(socket);
      }),
    );
    await isWell(there, server);
  });

  test('counts as a stranger, of whom only so many are let in', async ({ there }) => {
    const server = await there.secureServer({}, { maxUnauthenticated: 3, helloTimeoutMs: 500 });
    const mute = numbers(20).map(() => dial(server.address.port, '127.0.0.1'));
    const ends = mute.map((socket) => gone(socket));
    await expect.poll(() => server.stats().unauthenticated, PATIENT).toBe(3);
    await Promise.all(ends);
    await isWell(there, server);
  });

  test('that is reset after any number of bytes harms nobody else', async ({ there }) => {
    const server = await there.secureServer();
    for (const direction of ['up', 'down'] as const) {
      for (let bytes = 0; bytes < 1_600; bytes += 97) {
        const relay = await Relay.start(server.address.port, {
          cutAt: { direction, bytes, how: 'reset' },
          cuts: 1,
        });
        const client = there.secureClient(relay.port);
        expect(await client.send(Count, bytes).handled).toBe(bytes);
        await client.close();
        await relay.close();
      }
    }
    await isWell(there, server);
  });

  test('of many that come and go at once leaves nothing behind', async ({ there }) => {
    const server = await there.secureServer();
    const ends = numbers(100).map(async (n) => {
      const socket = dial(server.address.port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      if (n % 3 === 0) socket.resetAndDestroy();
      else if (n % 3 === 1) socket.end('GET / HTTP/1.1\r\n\r\n');
      else socket.destroy();
      await gone(socket);
    });
    await Promise.all(ends);
    await isWell(there, server);
  });

  test('whose choice of a certificate fails ends that connection, and nothing else', async ({
    there,
  }) => {
    type Choose = (name: string, done: (error: Error | null) => void) => unknown;
    const choices: Choose[] = [
      () => {
        throw new Error('throws');
      },
      (_, done) => done(new Error('fails')),
      () => Promise.reject(new Error('rejects')),
      (_, done) => {
        done(new Error('fails'));
        done(null);
        throw new Error('and throws');
      },
      () => 'never answers',
      (_, done) => {
        done(null);
        done(null);
      },
    ];
    let turn = 0;
    const server = await there.secureServer(
      { SNICallback: (name, done) => choices[Math.min(turn++, 5)]?.(name, done) as undefined },
      { helloTimeoutMs: 300 },
    );
    const client = there.secureClient(server.address.port);
    await client.opened;
    expect(turn).toBe(6);
    await client.close();
    await isWell(there, server);
  });
});

test('what a peer does not read is counted, encrypted or not', async () => {
  const accepted: Connection[] = [];
  const { listen } = tlsServer(ownCertificate, 5_000);
  const listener = await listen({ port: 0 }, (connection) => {
    accepted.push(connection);
    connection.attach({
      opened: () => {
        for (const n of numbers(300)) connection.write(new Uint8Array(100_000).fill(n));
      },
      ...{ received: () => {}, ended: () => {}, failed: () => {}, closed: () => {} },
    });
  });
  const { port } = listener.address;
  const socket = dialTls({ host: '127.0.0.1', port, servername: 'localhost', ca }, () =>
    socket.pause(),
  );
  socket.on('error', () => {});
  await expect.poll(() => accepted[0]?.unsentBytes, PATIENT).toBeGreaterThan(20_000_000);
  socket.resume();
  await expect.poll(() => accepted[0]?.unsentBytes, PATIENT).toBe(0);
  socket.destroy();
  await listener.close();
});

/** Resolves when a socket is closed, for whatever reason. */
function gone(socket: Socket): Promise<unknown> {
  socket.on('error', () => {});
  socket.resume();
  return new Promise((resolve) => socket.once('close', resolve));
}

async function listening(accept: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
