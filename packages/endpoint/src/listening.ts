import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { WilcoError } from '@wilco/protocol';
import { addressName } from './address.ts';
import type { FullAddress, Listener } from './transport.ts';
import { bindToPath } from './unix-socket.ts';

/**
 * Has a server of the system listen.
 *
 * Rejects with `WILCO_LISTEN_FAILED`.
 *
 * @param mode - Permissions of the file of a Unix socket.
 */
export async function listenAt(
  server: Server,
  address: FullAddress,
  mode: number,
): Promise<Listener> {
  const { host, port, path } = address;
  const bind = (place: ListenOptions): Promise<void> => bound(server, place);
  try {
    if (path === undefined) await bind({ host, port });
    else await bindToPath(bind, path, mode);
  } catch (cause) {
    server.close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WilcoError('WILCO_LISTEN_FAILED', `${addressName(address)}: ${reason}`, { cause });
  }
  // Running out of file descriptors, later, must not end the process.
  server.on('error', () => {});
  const { port: chosen = 0 } = server.address() as Partial<AddressInfo>;
  return {
    address: { ...address, port: chosen },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

function bound(server: Server, place: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const listening = (): void => {
      server.off('error', reject);
      resolve();
    };
    server.once('error', (error) => {
      server.off('listening', listening);
      reject(error);
    });
    server.listen(place, listening);
  });
}
