/** Peers that accept and never speak, or speak something else. */
import { once } from 'node:events';
import { connect as dial, createServer, type Socket } from 'node:net';
import { createServer as createHttpServer, get, type Server as HttpServer } from 'node:http';
import { connect as dialTls } from 'node:tls';
import { describe, expect } from 'vitest';
import type { OpeningOptions } from '@wilco/endpoint';
import { eventually, test, type Endpoints } from './endpoints.ts';
import { Count } from './messages.ts';

const DEADLINES = {
  connectTimeoutMs: 2_000,
  welcomeTimeoutMs: 150,
  helloTimeoutMs: 150,
  readyTimeoutMs: 150,
  frameTimeoutMs: 150,
  closeTimeoutMs: 100,
} as const satisfies OpeningOptions & { closeTimeoutMs: number };

describe.concurrent('a client', () => {
  test('leaves a server that accepts and never speaks, and gets in when one speaks', async ({
    here,
  }) => {
    const mute = await startServer(here, () => {});
    const client = here.client(mute.port, DEADLINES);
    const receipt = client.send(Count, 1);
    // Each try ends by its deadline, and the next one begins.
    await eventually(() => mute.accepted() >= 3);
    expect([client.isOnline, receipt.outcome]).toEqual([false, undefined]);
    await mute.close();
    const server = await here.server({ port: mute.port });
    server.handle(Count, (value) => value);
    expect(await receipt.handled).toBe(1);
  });

  test.for([
    ['bytes that mean nothing', Buffer.alloc(10_000, 0xa5)],
    ['our preamble and then nothing that is a frame', Buffer.from('57494c434f0100000000ff', 'hex')],
    ['an answer of HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
    ['an alert of TLS', Buffer.from('15030100020228', 'hex')],
    ['one byte', Buffer.from('W')],
  ] as const)(
    'that meets %s comes back, and gets in when a server is there',
    async ([, bytes], { here }) => {
      const strange = await startServer(here, (socket) => socket.write(bytes));
      const client = here.client(strange.port, DEADLINES);
      const receipt = client.send(Count, 1);
      await eventually(() => strange.accepted() >= 3);
      expect(client.isOnline).toBe(false);
      await strange.close();
      const server = await here.server({ port: strange.port });
      server.handle(Count, (value) => value);
      expect(await receipt.handled).toBe(1);
    },
  );

  test('that meets a web server comes back, and the web server lives', async ({ here }) => {
    const web = createHttpServer((_, response) => response.end('hello'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    here.add({ close: () => closed(web) });
    const { port } = web.address() as { port: number };
    const client = here.client(port, DEADLINES);
    const receipt = client.send(Count, 1);
    await once(web, 'clientError');
    await once(web, 'clientError');
    expect(receipt.outcome).toBeUndefined();
    expect(client.isOnline).toBe(false);
  });
});

describe.concurrent('a server', () => {
  test('leaves a client that connects and never speaks, and keeps nothing of it', async ({
    here,
  }) => {
    const server = await here.server(DEADLINES);
    server.handle(Count, (value) => value);
    const { port } = server.address;
    const mutes = Array.from({ length: 20 }, () => hear(port, Buffer.alloc(0)));
    expect(await here.client(port).send(Count, 1).handled).toBe(1);
    const heard = await Promise.all(mutes);
    expect(new Set(heard.map((text) => text.includes('WILCO_OPENING_TIMEOUT')))).toEqual(
      new Set([true]),
    );
    expect(server.sessions).toHaveLength(1);
  });

  test('leaves a client that speaks a byte now and then, by the same deadline', async ({
    here,
  }) => {
    const server = await here.server(DEADLINES);
    const socket = dial({ port: server.address.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.resume();
    const preamble = Buffer.from('WILCO\u0001');
    let index = 0;
    const beginMs = performance.now();
    const timer = setInterval(() => {
      socket.write(preamble.subarray(index, ++index));
    }, 40);
    await once(socket, 'close');
    clearInterval(timer);
    expect(performance.now() - beginMs).toBeLessThan(2_000);
  });

  test('tells a browser who it is and what is wrong', async ({ here }) => {
    const server = await here.server(DEADLINES);
    const error = await new Promise<NodeJS.ErrnoException & { rawPacket?: Buffer }>((resolve) => {
      get({ port: server.address.port, host: '127.0.0.1' }).on('error', resolve);
    });
    expect(error.code).toMatch(/^HPE_/);
    expect(error.rawPacket?.toString('latin1')).toContain('WILCO_PREAMBLE_UNKNOWN');
  });

  test('ends a TLS client on its plain port at once, and tells it why in the bytes', async ({
    here,
  }) => {
    const server = await here.server(DEADLINES);
    const beginMs = performance.now();
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
      dialTls({ port: server.address.port, host: '127.0.0.1' }).on('error', resolve);
    });
    expect(error.code).toMatch(/^ERR_SSL_|^EPROTO|^ECONNRESET/);
    expect(performance.now() - beginMs).toBeLessThan(2_000);
  });
});

/** Says `bytes`, and resolves with all that comes until the end. */
function hear(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = dial({ port, host: '127.0.0.1' }, () => socket.write(bytes));
    socket.on('error', () => {});
    socket.on('data', (heard) => (text += heard.toString('latin1')));
    socket.on('close', () => resolve(text));
  });
}

/** A server that does with each connection as it is told. */
async function startServer(here: Endpoints, greet: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return here.add({
    port: (server.address() as { port: number }).port,
    accepted: () => accepted,
    close,
  });
}

function closed(web: HttpServer): Promise<void> {
  web.closeAllConnections();
  return new Promise((resolve) => web.close(() => resolve()));
}
