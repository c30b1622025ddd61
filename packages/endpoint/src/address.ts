import { isIP } from 'node:net';
import { checkName, LIMITS, utf8Length, WilcoError, wholeInRange } from '@wilco/protocol';
import type { Address, FullAddress } from './transport.ts';

const DEFAULT_HOST = 'localhost';
/** The field of the system's address is one byte longer: `sun_path`, in unix(7). */
const PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/**
 * Checks an address, and fills in what was left out.
 *
 * @param leastPort - 0 to listen, 1 to connect.
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`.
 */
export function fullAddress(address: Address, leastPort: 0 | 1): FullAddress {
  const { host = DEFAULT_HOST, port, path } = address;
  if (path !== undefined) return { host: DEFAULT_HOST, port: 0, path: checkPath(path) };
  return {
    host: checkName('host', host, LIMITS.serverIdBytes),
    port: wholeInRange('port', port as number, leastPort, 65_535),
    path,
  };
}

/** An address for people: `localhost:7411`, `[::1]:7411`, `unix:/run/orders.sock`. */
export function addressName({ host, port, path }: FullAddress): string {
  if (path !== undefined) return `unix:${path}`;
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads what {@link addressName} wrote; `undefined` where that is no address to connect to. */
export function parseAddress(name: string): FullAddress | undefined {
  const colon = name.lastIndexOf(':');
  const [host, port] = [name.slice(0, Math.max(colon, 0)), name.slice(colon + 1)];
  try {
    if (name.startsWith('unix:')) return fullAddress({ path: name.slice('unix:'.length) }, 1);
    if (!/^\d{1,5}$/.test(port)) return undefined;
    return fullAddress({ host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }, 1);
  } catch (error) {
    if (WilcoError.is(error, 'WILCO_OPTION_INVALID')) return undefined;
    throw error;
  }
}

/** Whether what is sent to an address stays on this machine. */
export function isLocal({ host, path }: FullAddress): boolean {
  return path !== undefined || isLoopback(host);
}

/** Whether a host, as its user names it, is this machine. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (isIP(name) === 0) return name === 'localhost' || name.endsWith('.localhost');
  return name.startsWith('127.') || name === '::1' || name.startsWith('::ffff:127.');
}

/** The system cuts off what is too long, or says something that helps nobody. */
function checkPath(path: string): string {
  checkName('path', path, Infinity);
  const bytes = utf8Length(path);
  if (bytes <= PATH_BYTES) return path;
  const detail = `the path of a Unix socket has ${bytes} bytes, at most ${PATH_BYTES} are possible`;
  throw new WilcoError('WILCO_OPTION_INVALID', `${detail}: ${path}`);
}
