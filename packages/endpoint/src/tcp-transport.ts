import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { WilcoError } from '@wilco/protocol';
import { addressName, fullAddress, isLocal } from './address.ts';
import type { Address, Connection, ConnectionEvents, Listener, Transport } from './transport.ts';

/** After how long without traffic the system asks whether the other machine is still there. */
const KEEPALIVE_AFTER_MS = 30_000;

/**
 * Connections over TCP, in plain text. An endpoint refuses to use one beyond this machine
 * unless it was told `insecure: true`.
 */
export function tcpTransport(): Transport {
  return {
    connect(given) {
      const address = fullAddress(given, 1);
      const { host, port } = address;
      const socket = connect({ host, port, noDelay: true, keepAlive: true });
      return new TcpConnection(socket, !isLocal(address), addressName(address));
    },
    listen: (address, accept) => listen(address, accept),
  };
}

class TcpConnection implements Connection {
  readonly remote: string;
  readonly isExposed: boolean;
  readonly isReliable = true;
  readonly #socket: Socket;
  #events: ConnectionEvents | undefined;

  constructor(socket: Socket, isExposed: boolean, remote: string) {
    // First of all: an error without a listener would end the process.
    socket.on('error', (error) => this.#events?.failed(error));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_AFTER_MS);
    this.#socket = socket;
    this.isExposed = isExposed;
    this.remote = remote;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  attach(events: ConnectionEvents): void {
    this.#events = events;
    this.#socket.on('connect', () => events.opened());
    this.#socket.on('data', (bytes: Uint8Array) => events.received(bytes));
    this.#socket.on('end', () => events.ended());
    this.#socket.on('close', () => events.closed());
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function listen(given: Address, accept: (connection: Connection) => void): Promise<Listener> {
  const address = fullAddress(given, 0);
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      const { remoteAddress = 'unknown', remotePort = 0 } = socket;
      const from = { host: remoteAddress, port: remotePort, path: undefined };
      accept(new TcpConnection(socket, !isLocal(from), addressName(from)));
    });
    // After listening too: running out of file descriptors must not end the process.
    server.on('error', (cause) => {
      reject(
        new WilcoError('WILCO_LISTEN_FAILED', `${addressName(address)}: ${cause.message}`, {
          cause,
        }),
      );
    });
    server.listen({ host, port }, () => {
      resolve(listenerOf(server, host));
    });
  });
}

function listenerOf(server: Server, host: string): Listener {
  const { port } = server.address() as AddressInfo;
  return {
    address: { host, port, path: undefined },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
