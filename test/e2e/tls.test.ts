/** TLS over real sockets: who is trusted, what a failure is called, and what survives it. */
import { connect as dialTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { describe, expect } from 'vitest';
import { connect } from '@wilco/client';
import { listen, type Server } from '@wilco/server';
import { TestAuthority } from '@wilco/testkit';
import { gate, numbers } from './endpoints.ts';
import { Blob, Count } from './messages.ts';
import { Relay } from './relay.ts';
import { authority, ca, failure, ownCertificate, test } from './secure-endpoints.ts';

const AN_HOUR_MS = 3_600_000;

describe('over TLS', () => {
  test('messages of all sizes come through whole, in both directions', async ({ there }) => {
    const server = await there.secureServer();
    server.on('session', (session) => session.send(Blob, new Uint8Array(1_000_000)));
    const client = there.secureClient(server.address.port);
    const came = gate<number>();
    client.handle(Blob, (bytes) => (came.open(bytes.length), bytes.length));
    for (const size of [0, 1, 16_384, 65_536, 1_048_576, 16 * 1_048_576 - 1_024]) {
      expect(await client.send(Blob, new Uint8Array(size).fill(7)).handled).toBe(size);
    }
    expect(await came.opened).toBe(1_000_000);
  });

  test('no word is needed beyond this machine, in either role', async ({ there }) => {
    const server = await there.secureServer({}, { host: '0.0.0.0' });
    await there.secureClient(server.address.port, { ca }, { host: '127.0.0.1' }).opened;
    // Nobody is there, but it may be dialled.
    there.add(connect({ host: 'wilco.invalid', port: 1, tls: true }));
  });

  test('a server is asked for by its name, and not by its number', async ({ there }) => {
    const asked: string[] = [];
    const server = await there.secureServer({
      SNICallback: (name, done) => {
        asked.push(name);
        done(null);
      },
    });
    const { port } = server.address;
    const host = '127.0.0.1';
    await there.secureClient(port).opened;
    await there.secureClient(port, { ca }, { host }).opened;
    await there.secureClient(port, { ca, servername: 'localhost' }, { host }).opened;
    expect(asked).toEqual(['localhost', 'localhost']);
  });

  test.for([0, 1, 10, 300])(
    'the last %i messages before a goodbye arrive',
    async (count, { there }) => {
      const handled: number[] = [];
      const server = there.add(await listen({ host: '127.0.0.1', port: 0, tls: ownCertificate }));
      server.handle(Count, (number) => (handled.push(number), number));
      const client = there.secureClient(server.address.port);
      await client.opened;
      const receipts = numbers(count).map((number) => client.send(Count, number));
      await client.close();
      expect(handled).toEqual(numbers(count));
      for (const receipt of receipts) expect(await receipt.handled).toBeGreaterThan(0);
    },
  );

  test('nobody is believed because of an earlier connection: no session of TLS is resumed', async ({
    there,
  }) => {
    const server = await there.secureServer();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = await stranger(server, { maxVersion: version });
      const session = first.getSession();
      first.destroy();
      const again = await stranger(server, { maxVersion: version, session });
      expect([again.getProtocol(), again.isSessionReused()]).toEqual([version, false]);
      again.destroy();
    }
  });

  test('a peer that wants to negotiate again is let go', async ({ there }) => {
    const server = await there.secureServer();
    const client = await stranger(server, { maxVersion: 'TLSv1.2' });
    const gone = new Promise((resolve) => client.once('close', resolve));
    client.renegotiate({}, () => {});
    await gone;
    await expect.poll(() => there.endings(), { timeout: 10_000 }).toEqual(['WILCO_TLS_FAILED']);
    expect(await there.secureClient(server.address.port).send(Count, 1).handled).toBe(1);
  });

  test('versions before 1.2 are refused, and 1.2 where 1.3 is wanted', async ({ there }) => {
    const old = await there.secureServer();
    await expect(stranger(old, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
    const strict = await there.secureServer({ minVersion: 'TLSv1.3' });
    await expect(stranger(strict, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    expect(there.endings()).toEqual(['WILCO_TLS_FAILED', 'WILCO_TLS_FAILED']);
    await there.secureClient(strict.address.port, { ca, minVersion: 'TLSv1.3' }).opened;
  });
});

describe('a server whose certificate', () => {
  const elsewhere = new TestAuthority('Somebody else');
  const hosts = ['localhost'];
  const soon = new Date(Date.now() + AN_HOUR_MS);
  const before = new Date(Date.now() - AN_HOUR_MS);
  const longAgo = new Date(Date.now() - 2 * AN_HOUR_MS);

  test.for([
    [
      'nobody vouches for',
      elsewhere.issue({ name: 'x', hosts }),
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    [
      'has expired',
      authority.issue({ name: 'x', hosts, validFrom: longAgo, validTo: before }),
      'CERT_HAS_EXPIRED',
    ],
    [
      'is not valid yet',
      authority.issue({ name: 'x', hosts, validFrom: soon }),
      'CERT_NOT_YET_VALID',
    ],
    [
      'is of another host',
      authority.issue({ name: 'x', hosts: ['example.com'] }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
  ] as const)(
    '%s is not talked to, until it shows a better one',
    async ([, certificate, code], { there }) => {
      const server = await there.secureServer(certificate);
      const client = there.secureClient(server.address.port);
      const receipt = client.send(Count, 1);
      const error = await failure(client);
      expect(error).toMatchObject({ code: 'WILCO_TLS_FAILED', retryable: true, cause: { code } });
      expect(error.message).toContain(`localhost:${server.address.port}`);
      server.renewCertificates(ownCertificate);
      expect(await receipt.handled).toBe(1);
    },
  );

  test('is not trusted is talked to only where that was said', async ({ there }) => {
    const server = await there.secureServer(elsewhere.issue({ name: 'x' }));
    const client = there.secureClient(server.address.port, { rejectUnauthorized: false });
    expect(await client.send(Count, 1).handled).toBe(1);
  });

  test.for([
    [
      'throws',
      () => {
        throw new Error('not mine');
      },
    ],
    ['returns an error', () => new Error('not mine')],
    ['returns what is none', () => Promise.resolve() as never],
  ] as const)('meets a check that %s is refused', async ([, checkServerIdentity], { there }) => {
    const server = await there.secureServer();
    const client = there.secureClient(server.address.port, { ca, checkServerIdentity });
    expect(await failure(client)).toMatchObject({ code: 'WILCO_TLS_FAILED' });
  });

  test('is renewed while it runs keeps the connections that it has', async ({ there }) => {
    const server = await there.secureServer();
    const { port } = server.address;
    const client = there.secureClient(port);
    await client.opened;
    const offline: unknown[] = [];
    client.on('offline', (event) => offline.push(event));
    server.renewCertificates(elsewhere.issue({ name: 'x', hosts }));
    expect(await client.send(Count, 1).handled).toBe(1);
    expect(await failure(there.secureClient(port))).toMatchObject({ code: 'WILCO_TLS_FAILED' });
    await there.secureClient(port, { ca: elsewhere.certificate }).opened;
    expect(() => server.renewCertificates({ cert: 'no certificate', key: 'no key' })).toThrow(
      'WILCO_OPTION_INVALID',
    );
    await there.secureClient(port, { ca: elsewhere.certificate }).opened;
    expect(offline).toEqual([]);
  });
});

describe('a connection over TLS that is cut', () => {
  test('is lost, also where it ends without a goodbye of TLS, and the session resumes', async ({
    there,
  }) => {
    const server = await there.secureServer();
    const relay = there.add(closable(await Relay.start(server.address.port)));
    const client = there.secureClient(relay.relay.port);
    // The session is the client's once its READY has come.
    expect(await client.send(Count, 0).handled).toBe(0);
    const lost = new Promise((resolve) => client.once('offline', ({ error }) => resolve(error)));
    const resumed = new Promise((resolve) => {
      client.once('resumed', ({ session }) => resolve(session));
    });
    relay.relay.cut('end');
    expect(await lost).toMatchObject({ code: 'WILCO_CONNECTION_LOST' });
    expect(await client.send(Count, 1).handled).toBe(1);
    expect(await resumed).toBe(client.id);
  });

  test('in the middle of a record, again and again, loses nothing and repeats nothing', async ({
    there,
  }) => {
    const handled: number[] = [];
    const server = there.add(await listen({ host: '127.0.0.1', port: 0, tls: ownCertificate }));
    server.handle(Blob, (bytes) => (handled.push(bytes.length), bytes.length));
    const cutAt = { direction: 'up', bytes: 30_011, how: 'reset' } as const;
    const { relay } = there.add(
      closable(await Relay.start(server.address.port, { cutAt, cuts: 12 })),
    );
    const client = there.secureClient(relay.port);
    const receipts = numbers(100).map((n) => client.send(Blob, new Uint8Array(5_000 + n)));
    for (const [index, receipt] of receipts.entries())
      expect(await receipt.handled).toBe(5_001 + index);
    expect(handled).toEqual(numbers(100).map((n) => 5_000 + n));
    expect(relay.accepted).toBeGreaterThan(12);
  });
});

function closable(relay: Relay): { relay: Relay; close(): Promise<void> } {
  return { relay, close: () => relay.close() };
}

/** Makes a connection with the means of Node.js alone. */
function stranger(server: Server, options: ConnectionOptions): Promise<TLSSocket> {
  const { port } = server.address;
  return new Promise((resolve, reject) => {
    const socket = dialTls({ host: 'localhost', port, servername: 'localhost', ca, ...options });
    socket.on('error', reject);
    // A ticket would come with the first bytes of the server.
    socket.on('secureConnect', () => setImmediate(resolve, socket));
  });
}
