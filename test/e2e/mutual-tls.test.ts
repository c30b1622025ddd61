/** Mutual TLS: who a client is comes out of its certificate, on each of its connections. */
import { describe, expect } from 'vitest';
import type { TlsClientOptions } from '@wilco/client';
import { listen, type AuthenticationRequest, type Server, type ServerOptions } from '@wilco/server';
import { TestAuthority } from '@wilco/testkit';
import { Count } from './messages.ts';
import { Relay } from './relay.ts';
import { ca, failure, ownCertificate, test, type SecureEndpoints } from './secure-endpoints.ts';

const clients = new TestAuthority('Clients');
const ada = { ca, ...clients.issue({ name: 'ada' }) };
const bob = { ca, ...clients.issue({ name: 'bob' }) };
const AN_HOUR_MS = 3_600_000;
const PATIENT = { timeout: 10_000 };

/** Takes the common name of a certificate for the identity, and nothing else. */
const byCertificate: NonNullable<ServerOptions['authenticate']> = ({ tls }) => {
  const name = tls?.certificate?.subject.CN;
  return typeof name === 'string' ? { identity: name } : undefined;
};

function mutualServer(
  there: SecureEndpoints,
  options: Partial<ServerOptions> = {},
): Promise<Server> {
  const tls = { requestCert: true, ca: clients.certificate };
  return there.secureServer(tls, { authenticate: byCertificate, ...options });
}

describe('with mutual TLS', () => {
  test('the identity of a client is that of its certificate, also when it resumes', async ({
    there,
  }) => {
    const requests: AuthenticationRequest[] = [];
    const server = await mutualServer(there, {
      authenticate: (request) => (requests.push(request), byCertificate(request)),
    });
    const relay = await Relay.start(server.address.port);
    const client = there.secureClient(relay.port, ada);
    expect(await client.send(Count, 1).handled).toBe(1);
    const resumed = new Promise((resolve) => server.once('resumed', resolve));
    relay.cut();
    expect(await resumed).toBe(server.sessions[0]);
    expect(await client.send(Count, 2).handled).toBe(2);
    expect(server.sessions.map(({ identity }) => identity)).toEqual(['ada']);
    expect(requests).toHaveLength(2);
    for (const { tls } of requests) {
      expect(tls).toMatchObject({ failure: undefined, protocol: 'TLSv1.3' });
      expect(tls?.certificate?.subject.CN).toBe('ada');
    }
    await client.close();
    await relay.close();
  });

  test('a session is not resumed with the certificate of somebody else', async ({ there }) => {
    const server = await mutualServer(there);
    const events: unknown[] = [];
    server.on('securityEvent', ({ code, identity }) => events.push([code, identity]));
    const relay = await Relay.start(server.address.port);
    let shown = ada;
    const client = there.secureClient(relay.port, () => shown);
    expect(await client.send(Count, 1).handled).toBe(1);
    const first = client.id;
    shown = bob;
    const lost = new Promise((resolve) =>
      client.once('stateLost', ({ session }) => resolve(session)),
    );
    relay.cut();
    expect(await lost).toBe(first);
    expect(await client.send(Count, 2).handled).toBe(2);
    expect(events).toEqual([['WILCO_AUTHENTICATION_FAILED', 'bob']]);
    expect(server.sessions.map(({ identity }) => identity).toSorted()).toEqual(['ada', 'bob']);
    await client.close();
    await relay.close();
  });

  const stranger = new TestAuthority('Clients').issue({ name: 'ada' });
  const before = new Date(Date.now() - AN_HOUR_MS);
  const longAgo = new Date(Date.now() - 2 * AN_HOUR_MS);
  const expired = clients.issue({ name: 'ada', validFrom: longAgo, validTo: before });

  test.for([
    ['none at all', {}, 'NO_CERTIFICATE'],
    ['one that somebody else vouches for', stranger, /UNABLE_TO_VERIFY|SIGNATURE/],
    ['one that has expired', expired, 'CERT_HAS_EXPIRED'],
    ['one of its own making', selfMade('ada'), /SELF_SIGNED|UNABLE_TO/],
  ] as const)(
    'a client with %s is told so, and let in once it has a good one',
    async ([, certificate, words], { there }) => {
      let asked = 0;
      const server = await mutualServer(there, {
        authenticate: (request) => ((asked += 1), byCertificate(request)),
      });
      let shown: TlsClientOptions = { ca, ...certificate };
      const client = there.secureClient(server.address.port, () => shown);
      const error = await failure(client);
      expect(error).toMatchObject({ code: 'WILCO_TLS_FAILED', retryable: true });
      expect(error.message).toMatch(words);
      expect(asked).toBe(0);
      shown = ada;
      expect(await client.send(Count, 1).handled).toBe(1);
      expect(server.sessions.map(({ identity }) => identity)).toEqual(['ada']);
    },
  );

  test('clients whose certificates are not required are told apart by what was verified', async ({
    there,
  }) => {
    const seen: unknown[] = [];
    const tls = { requestCert: true, ca: clients.certificate, rejectUnauthorized: false };
    const server = await there.secureServer(tls, {
      authenticate: (request) => {
        const { certificate, failure: why } = request.tls ?? {};
        seen.push([certificate?.subject.CN, why]);
        return { identity: String(certificate?.subject.CN ?? 'a stranger') };
      },
    });
    const { port } = server.address;
    await there.secureClient(port, ada).opened;
    await there.secureClient(port, { ca }).opened;
    await there.secureClient(port, { ca, ...selfMade('ada') }).opened;
    expect(seen[0]).toEqual(['ada', undefined]);
    expect(seen[1]).toEqual([undefined, 'NO_CERTIFICATE']);
    expect(seen[2]).toEqual([undefined, expect.stringMatching(/SELF_SIGNED|UNABLE_TO/)]);
  });

  test('new authorities may be trusted while the server runs', async ({ there }) => {
    const server = await mutualServer(there);
    const { port } = server.address;
    const later = new TestAuthority('Clients of tomorrow');
    const eve = there.secureClient(port, { ca, ...later.issue({ name: 'eve' }) });
    expect(await failure(eve)).toMatchObject({ code: 'WILCO_TLS_FAILED' });
    const both = [clients.certificate, later.certificate];
    server.renewCertificates({ ...ownCertificate, ca: both });
    await eve.opened;
    await there.secureClient(port, ada).opened;
    await expect.poll(() => server.sessions.length, PATIENT).toBe(2);
  });
});

test('without mutual TLS, and without TLS, there is no certificate to be seen', async ({
  there,
}) => {
  const seen: unknown[] = [];
  const authenticate = ({ tls }: AuthenticationRequest) => (seen.push(tls), { identity: '' });
  const secure = await there.secureServer({}, { authenticate });
  await there.secureClient(secure.address.port, ada).opened;
  const plain = await there.server({ authenticate });
  await there.client(plain.address.port).opened;
  expect(seen).toEqual([
    { certificate: undefined, failure: undefined, protocol: 'TLSv1.3' },
    undefined,
  ]);
});

test.for([
  ['neither certificate nor key', {}, 'cert and key'],
  ['a key of another certificate', { ...ownCertificate, key: ada.key }, 'tls:'],
  ['authorities, and not whether clients are asked', { ...ownCertificate, ca }, 'requestCert'],
  ['a version that is broken', { ...ownCertificate, minVersion: 'TLSv1.1' as never }, 'minVersion'],
] as const)('a server with %s does not listen', async ([, tls, words]) => {
  await expect(listen({ port: 0, tls })).rejects.toMatchObject({
    code: 'WILCO_OPTION_INVALID',
    message: expect.stringContaining(words),
  });
});

test('certificates for a server without TLS are refused', async ({ there }) => {
  const server = await there.server();
  expect(() => server.renewCertificates(ownCertificate)).toThrow('WILCO_OPTION_INVALID');
});

function selfMade(name: string): { cert: string; key: string } {
  // Signed by an authority that nobody knows but itself.
  return new TestAuthority(name).issue({ name });
}
