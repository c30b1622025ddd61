import { isIP, type OnReadOpts } from 'node:net';
import { checkServerIdentity, connect, type SecureContext, type TLSSocket } from 'node:tls';
import { WilcoError } from '@wilco/protocol';
import { addressName, fullAddress } from './address.ts';
import { SOCKET_OPTIONS, SocketConnection } from './socket-connection.ts';
import { tlsFailure } from './tls-failure.ts';
import { ALPN_PROTOCOLS, secureContext, type TlsClientOptions } from './tls-options.ts';
import { tlsPeer } from './tls-peer.ts';
import type { Connection, FullAddress, Transport } from './transport.ts';

/**
 * Dials with TLS from the first byte on; there is no plain text before it.
 *
 * @param given - A function is asked before each connection, for certificates that are
 *   replaced while the process runs.
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID` for options that OpenSSL does not take. Where
 *   a function gave them, dialling throws `WILCO_TLS_FAILED`: the next ones may be better.
 */
export function tlsClient(
  given: TlsClientOptions | (() => TlsClientOptions),
): Pick<Transport, 'connect'> {
  if (typeof given === 'function') {
    return { connect: (address) => dial(fullAddress(address, 1), ...renewed(given)) };
  }
  const context = secureContext(given);
  return { connect: (address) => dial(fullAddress(address, 1), given, context) };
}

function renewed(give: () => TlsClientOptions): [TlsClientOptions, SecureContext] {
  try {
    const tls = give();
    return [tls, secureContext(tls)];
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WilcoError('WILCO_TLS_FAILED', `no certificates to connect with: ${reason}`, {
      cause,
    });
  }
}

function dial(address: FullAddress, tls: TlsClientOptions, context: SecureContext): Connection {
  const { host, port, path } = address;
  if (path !== undefined) {
    throw new WilcoError('WILCO_TLS_FAILED', `there is no TLS on a Unix socket: ${path}`);
  }
  // A name that is asked for is a name, never a number (RFC 6066).
  const { rejectUnauthorized = true, servername = isIP(host) === 0 ? host : undefined } = tls;
  let socket: TLSSocket | undefined;
  const shakeHands = (onread: OnReadOpts): TLSSocket => {
    const dialled = connect({
      ...{ ...SOCKET_OPTIONS, host, port, rejectUnauthorized, secureContext: context, onread },
      ...(servername !== undefined && { servername }),
      checkServerIdentity: guarded(tls.checkServerIdentity ?? checkServerIdentity),
      ALPNProtocols: ALPN_PROTOCOLS,
    });
    dialled.once('secureConnect', () => dialled.disableRenegotiation());
    return (socket = dialled);
  };
  const remote = addressName(address);
  return new SocketConnection(shakeHands, {
    ...{ remote, isExposed: false, openedBy: 'secureConnect' },
    tls: () => socket && tlsPeer(socket, true),
    explain: (error) => tlsFailure(error, remote),
  });
}

/** An exception of the application's would end the process, from inside of OpenSSL. */
function guarded(check: typeof checkServerIdentity): typeof checkServerIdentity {
  return (host, certificate) => {
    try {
      const result: unknown = check(host, certificate);
      if (result === undefined || result instanceof Error) return result;
      return new Error('checkServerIdentity returned neither undefined nor an error');
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
}
