import {
  checkExposure,
  fullAddress,
  refuseTlsBeside,
  isThenable,
  resolveEndpointOptions,
  tcpTransport,
  tlsClient,
  type Address,
  type EndpointOptions,
  type FullAddress,
  type ResolvedEndpointOptions,
  type TlsClientOptions,
  type Transport,
} from '@wilco/endpoint';
import { inRange, LIMITS, WilcoError, wholeInRange } from '@wilco/protocol';

/** What the client shows of itself to the server's `authenticate`. At most 2,048 bytes; text as UTF-8. */
export type Credentials = Uint8Array | string;

/** How the client comes back after it lost its connection, or could not make one. */
export interface ReconnectOptions {
  /**
   * The first try is made at once. Before the second the client waits for a random time up
   * to this; the bound doubles with each further one.
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `250`
   */
  readonly minMs?: number;
  /**
   * The bound does not grow beyond this.
   *
   * Milliseconds, `minMs` to 2_147_483_647.
   *
   * @defaultValue `30_000`
   */
  readonly maxMs?: number;
  /**
   * After a connection has lasted for so long, the next loss begins with a try at once again.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `10_000`
   */
  readonly stableAfterMs?: number;
}

/** Where to, and how. All of the session's own options may be given as well. */
export interface ClientOptions extends EndpointOptions, Address {
  /** One address; more than one is not supported yet and throws `WILCO_UNSUPPORTED`. */
  readonly addresses?: readonly Address[];
  /**
   * Who the client is, or a function that is asked before each connection, and may take its
   * time. Where it fails, the client tries again later.
   *
   * @defaultValue none
   */
  readonly credentials?: Credentials | (() => Credentials | Promise<Credentials>);
  /**
   * Encrypts the connections with TLS, from the first byte on: `true` for a server whose
   * certificate an authority signed that Node.js knows, else whom to trust, and what to show
   * of oneself (mutual TLS). A function is asked before each connection, so that certificates
   * may be replaced while the process runs; where it throws, the client tries again later.
   *
   * A server that is not trusted is not talked to: the client tries again with the usual
   * delays, and tells each time `WILCO_TLS_FAILED`. Goes with host and port only.
   *
   * @defaultValue `false`: plain TCP
   */
  readonly tls?: boolean | TlsClientOptions | (() => TlsClientOptions) | undefined;
  /** @defaultValue at once, then up to 250 ms, doubling to 30 s */
  readonly reconnect?: ReconnectOptions;
}

/** {@link ClientOptions} with every default filled in and every range checked. */
export interface ResolvedClientOptions extends ResolvedEndpointOptions {
  readonly transport: Pick<Transport, 'connect'>;
  readonly address: FullAddress;
  readonly credentials: () => Uint8Array | undefined | Promise<Uint8Array>;
  readonly reconnect: Readonly<Required<ReconnectOptions>>;
}

/**
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`, `WILCO_UNSUPPORTED` for several
 *   addresses, `WILCO_INSECURE_REFUSED` for plain TCP to another machine.
 */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  const address = addressOf(options);
  const transport = transportOf(options, address);
  return {
    ...resolveEndpointOptions(options, 'client'),
    transport,
    address,
    credentials: credentialsOf(options.credentials),
    reconnect: reconnectOf(options.reconnect ?? {}),
  };
}

function transportOf(options: ClientOptions, address: FullAddress): Pick<Transport, 'connect'> {
  const { tls = false, transport } = options;
  checkExposure(options, address, tls !== false);
  if (tls === false) return transport ?? tcpTransport();
  refuseTlsBeside(options, address);
  return tlsClient(tls === true ? {} : tls);
}

function addressOf({ host, port, path, addresses }: ClientOptions): FullAddress {
  if (addresses !== undefined && addresses.length > 1) {
    throw new WilcoError('WILCO_UNSUPPORTED', `${addresses.length} addresses, one is supported`);
  }
  return fullAddress(addresses?.[0] ?? { host, port, path }, 1);
}

function reconnectOf(options: ReconnectOptions): Readonly<Required<ReconnectOptions>> {
  const { minMs = 250, maxMs = Math.max(30_000, minMs), stableAfterMs = 10_000 } = options;
  return {
    minMs: inRange('reconnect.minMs', minMs, 1, LIMITS.durationMs),
    maxMs: inRange('reconnect.maxMs', maxMs, minMs, LIMITS.durationMs),
    stableAfterMs: inRange('reconnect.stableAfterMs', stableAfterMs, 0, LIMITS.durationMs),
  };
}

function credentialsOf(given: ClientOptions['credentials']): ResolvedClientOptions['credentials'] {
  if (given === undefined) return () => undefined;
  if (typeof given !== 'function') {
    const bytes = credentialBytes(given);
    return () => bytes;
  }
  return () => {
    const credentials: unknown = given();
    return isThenable(credentials)
      ? Promise.resolve(credentials).then(credentialBytes)
      : credentialBytes(credentials);
  };
}

function credentialBytes(credentials: unknown): Uint8Array {
  if (typeof credentials !== 'string' && !(credentials instanceof Uint8Array)) {
    const detail = `credentials are ${typeof credentials}, wanted a Uint8Array or a string`;
    throw new WilcoError('WILCO_OPTION_INVALID', detail);
  }
  const bytes =
    typeof credentials === 'string'
      ? new TextEncoder().encode(credentials)
      : Uint8Array.from(credentials);
  wholeInRange('the size of credentials', bytes.byteLength, 0, LIMITS.credentialsBytes);
  return bytes;
}
