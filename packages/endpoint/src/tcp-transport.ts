import { connect, createServer, type Socket } from 'node:net';
import { addressName, fullAddress, isLocal } from './address.ts';
import { listenAt } from './listening.ts';
import { SOCKET_OPTIONS, SocketConnection } from './socket-connection.ts';
import type { Connection, FullAddress, Listener, Transport } from './transport.ts';
import { checkMode } from './unix-socket.ts';

/** How {@link tcpTransport} listens. */
export interface TcpTransportOptions {
  /**
   * The permissions of the file of a Unix socket, which say who may connect to it. Whole
   * number, 0 to 0o777.
   *
   * @defaultValue `0o600`: processes of the same user
   */
  readonly mode?: number | undefined;
}

/**
 * Connections in plain text, over TCP or, where an address has a `path`, over Unix sockets.
 * An endpoint refuses to use one beyond this machine unless it was told `insecure: true`.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`.
 */
export function tcpTransport(options: TcpTransportOptions = {}): Transport {
  const mode = checkMode(options.mode);
  return {
    connect(given) {
      const address = fullAddress(given, 1);
      const { host, port, path } = address;
      const place = path === undefined ? { host, port } : { path };
      return new SocketConnection((onread) => connect({ ...SOCKET_OPTIONS, ...place, onread }), {
        remote: addressName(address),
        isExposed: !isLocal(address),
        openedBy: 'connect',
      });
    },
    listen: async (address, accept) => listen(fullAddress(address, 0), mode, accept),
  };
}

/** Where an accepted socket comes from. */
export function originOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): FullAddress {
  return { host: remoteAddress, port: remotePort, path: undefined };
}

function listen(
  address: FullAddress,
  mode: number,
  accept: (connection: Connection) => void,
): Promise<Listener> {
  let accepted = 0;
  const server = createServer(SOCKET_OPTIONS, (socket) => {
    accepted += 1;
    const origin = address.path === undefined ? originOf(socket) : address;
    // The other end of a Unix socket has no name: its number tells it from others in the logs.
    const suffix = address.path === undefined ? '' : `#${accepted}`;
    const remote = addressName(origin) + suffix;
    accept(new SocketConnection(socket, { remote, isExposed: !isLocal(origin) }));
  });
  return listenAt(server, address, mode);
}
