import { FrameEncoder } from '@wilco/codec';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { AcceptedTlsConnection } from './accepted-tls-connection.ts';
import { addressName, fullAddress } from './address.ts';
import { isThenable } from './event-source.ts';
import { listenAt } from './listening.ts';
import { SOCKET_OPTIONS } from './socket-connection.ts';
import { originOf } from './tcp-transport.ts';
import { speaksNoTls, tlsFailure } from './tls-failure.ts';
import {
  ALPN_PROTOCOLS,
  checkServerTls,
  contextOptions,
  secureContext,
  type TlsServerOptions,
} from './tls-options.ts';
import type { Connection, Transport } from './transport.ts';
import { DEFAULT_MODE } from './unix-socket.ts';

/** A connection whose handshake is under way. */
interface Handshake {
  readonly raw: Socket;
  readonly connection: AcceptedTlsConnection;
}

type ChooseContext = NonNullable<TlsServerOptions['SNICallback']>;

/**
 * Accepts TLS from the first byte on; there is no plain text before it.
 *
 * @param handshakeTimeoutMs - How long a client may take for it.
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`.
 */
export function tlsServer(
  tls: TlsServerOptions,
  handshakeTimeoutMs: number,
): Pick<Transport, 'listen'> {
  checkServerTls(tls);
  return {
    async listen(address, accept) {
      const server = serverOf(tls, handshakeTimeoutMs, accept);
      const listener = await listenAt(server, fullAddress(address, 0), DEFAULT_MODE);
      return {
        ...listener,
        renewCertificates(certificates) {
          secureContext(certificates);
          server.setSecureContext(contextOptions(certificates));
        },
      };
    },
  };
}

function serverOf(
  tls: TlsServerOptions,
  handshakeTimeoutMs: number,
  accept: (connection: Connection) => void,
): Server {
  const { requestCert = false, rejectUnauthorized = true, SNICallback } = tls;
  const wanted = { isAsked: requestCert, isRequired: requestCert && rejectUnauthorized };
  const shaking = new Map<string, Handshake>();
  const server = createServer({
    ...SOCKET_OPTIONS,
    ...contextOptions(tls),
    ...(SNICallback !== undefined && { SNICallback: guarded(SNICallback) }),
    // Who is not accepted is told so in words of Wilco, rather than cut off: see `refusal`.
    ...{ requestCert, rejectUnauthorized: false, ALPNProtocols: ALPN_PROTOCOLS },
    handshakeTimeout: handshakeTimeoutMs,
  });
  server.on('connection', (raw: Socket) => {
    // First of all: an error without a listener would end the process.
    raw.on('error', () => {});
    const key = endsOf(raw);
    if (key === undefined) {
      raw.destroy();
      return;
    }
    const connection = new AcceptedTlsConnection(raw, addressName(originOf(raw)));
    shaking.set(key, { raw, connection });
    raw.on('close', () => {
      if (shaking.get(key)?.raw === raw) shaking.delete(key);
    });
    accept(connection);
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const found = take(shaking, socket);
    if (found === undefined) socket.destroy();
    else found.connection.secured(socket, wanted);
  });
  server.on('tlsClientError', (error, socket) => {
    const found = take(shaking, socket);
    // It was gone already, and its connection has told so.
    if (found === undefined) return;
    const { raw, connection } = found;
    // Who speaks plain text would not understand an alert of TLS.
    if (speaksNoTls(error)) raw.end(plainRefusal());
    connection.failed(tlsFailure(error, connection.remote));
  });
  return server;
}

function take(shaking: Map<string, Handshake>, socket: TLSSocket): Handshake | undefined {
  const key = endsOf(socket);
  if (key === undefined) return undefined;
  const found = shaking.get(key);
  shaking.delete(key);
  return found;
}

/** Both ends of a connection of TCP, which name it; `undefined` once the system forgot them. */
function endsOf({
  remoteAddress,
  remotePort,
  localAddress,
  localPort,
}: Socket): string | undefined {
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** An exception of the application's would end the process, from inside of OpenSSL. */
function guarded(choose: (...given: Parameters<ChooseContext>) => unknown): ChooseContext {
  return (servername, done) => {
    let isDone = false;
    const once: typeof done = (error, context) => {
      if (isDone) return;
      isDone = true;
      done(error, context);
    };
    const failed = (error: unknown): void => {
      once(error instanceof Error ? error : new Error(String(error)));
    };
    try {
      const result = choose(servername, once);
      if (isThenable(result)) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** What somebody is told in plain text who came in plain text, instead of with TLS. */
function plainRefusal(): Uint8Array {
  const encoder = new FrameEncoder();
  encoder.appendPreamble();
  const reason = 'this port speaks TLS, and plain text came in';
  encoder.append({ kind: 'refuse', code: 'WILCO_TLS_FAILED', reason, retryAfterMs: 0 });
  return Buffer.concat(encoder.take());
}
