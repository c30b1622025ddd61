/** Servers and clients that speak TLS, an authority that vouches for them, and what they tell. */
import { connect, type Client, type ClientOptions, type WilcoError } from '@wilco/client';
import type { LogEntry, TlsServerOptions } from '@wilco/endpoint/public';
import { listen, type Server, type ServerOptions } from '@wilco/server';
import { TestAuthority } from '@wilco/testkit';
import { Endpoints, test as base } from './endpoints.ts';
import { Blob, Count } from './messages.ts';

export const authority = new TestAuthority();
export const ca = authority.certificate;
/** A certificate that is right in every way. */
export const ownCertificate = authority.issue({
  name: 'server',
  hosts: ['localhost', '127.0.0.1'],
});

/** The endpoints of one test. */
export class SecureEndpoints extends Endpoints {
  /** What the servers wrote to their logs. */
  readonly log: LogEntry[] = [];

  async secureServer(
    tls: Partial<TlsServerOptions> = {},
    options: Partial<ServerOptions> = {},
  ): Promise<Server> {
    const write = (entry: LogEntry): void => void this.log.push(entry);
    const server = await listen({
      ...{ host: '127.0.0.1', port: 0, tls: { ...ownCertificate, ...tls }, log: write },
      ...options,
    });
    server.handle(Count, (number) => number);
    server.handle(Blob, (bytes) => bytes.length);
    return this.add(server);
  }

  /** Comes back quickly, so that a test does not wait for its backoff. */
  secureClient(
    port: number,
    tls: ClientOptions['tls'] = { ca },
    options: Partial<ClientOptions> = {},
  ): Client {
    const reconnect = { minMs: 5, maxMs: 50 };
    return this.add(connect({ host: 'localhost', port, tls, reconnect, ...options }));
  }

  /** With which codes connections of the servers ended that no session was ever open on. */
  endings(): unknown[] {
    return this.log.filter(({ event }) => event === 'connection.ended').map(({ code }) => code);
  }
}

/** A test with endpoints of its own. */
export const test = base.extend<{ there: SecureEndpoints }>({
  there: async ({}, use) => {
    const there = new SecureEndpoints();
    await use(there);
    await there.close();
  },
});

/** Why the next try to connect fails. */
export function failure(client: Client): Promise<WilcoError> {
  return new Promise((resolve) => client.once('connectFailed', ({ error }) => resolve(error)));
}
