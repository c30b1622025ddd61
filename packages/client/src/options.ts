import {
  checkExposure,
  ENDPOINT_OPTION_NAMES,
  fullAddress,
  refusePlainIntegrity,
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
import {
  checkOptionNames,
  inRange,
  LIMITS,
  WilcoError,
  wholeInRange,
  type OptionNames,
} from '@wilco/protocol';
import type { FollowElsewhere } from './route.ts';

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
   * @defaultValue `250`, or `maxMs` where that is less
   */
  readonly minMs?: number;
  /**
   * The bound does not grow beyond this.
   *
   * Milliseconds, `minMs` to 2_147_483_647.
   *
   * @defaultValue `30_000`, or `minMs` where that is more
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
  /**
   * Several addresses of one service, in place of `host` and `port`. They are tried in turn,
   * beginning with the last good one; the wait of `reconnect` comes before each round of all,
   * not before each address. A name that stands for several IP addresses is one address here:
   * Node.js tries those by itself, side by side ("happy eyeballs", RFC 8305). 1 to 64.
   *
   * @defaultValue the one of `host` and `port`, or of `path`
   */
  readonly addresses?: readonly Address[];
  /**
   * How long the client looks for the server that knows its session, while another one
   * answers, before the session counts as lost. Set it where several servers stand behind one
   * address, too.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `30_000`; `0` with a single address
   */
  readonly wrongServerPatienceMs?: number;
  /**
   * Whether the client goes to an address that was not given to it, when a server that goes
   * away names it: `true`, or a function that decides for each at once: what it returns but
   * `true`, a promise too, is a no, and so is an exception. Whoever answers there is shown
   * the credentials, so leave it off unless the servers, and the way to them, are trusted.
   *
   * @defaultValue `false`: only addresses of its own are followed
   */
  readonly followElsewhere?: boolean | FollowElsewhere;
  /**
   * Who the client is, or a function that is asked before each connection and each renewal,
   * and may take its time, up to `connectTimeoutMs`. Where it fails, the client tries again
   * later.
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
  /**
   * How many receipts are kept of messages that were sent with `keepReceipt`. One more makes
   * `send()` throw `WILCO_RECEIPTS_FULL`: what was promised to be kept is never dropped.
   *
   * Whole number, 0 to 16_777_216.
   *
   * @defaultValue `10_000`
   */
  readonly maxKeptReceipts?: number;
  /**
   * How long the client waits before it tries again to connect. It never gives up by itself.
   *
   * @defaultValue at once, then up to 250 ms, doubling to 30 s
   */
  readonly reconnect?: ReconnectOptions;
}

/** {@link ClientOptions} with every default filled in and every range checked. */
export interface ResolvedClientOptions extends ResolvedEndpointOptions {
  readonly transport: Pick<Transport, 'connect'>;
  readonly addresses: readonly [FullAddress, ...FullAddress[]];
  readonly wrongServerPatienceMs: number;
  readonly followElsewhere: FollowElsewhere;
  readonly maxKeptReceipts: number;
  readonly credentials: () => Uint8Array | undefined | Promise<Uint8Array>;
  readonly reconnect: Readonly<Required<ReconnectOptions>>;
}

const ADDRESSES_MAX = 64;

/**
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`, `WILCO_INSECURE_REFUSED` for plain TCP to
 *   another machine.
 */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  checkOptionNames('connect()', options, NAMES);
  const addresses = addressesOf(options);
  const { wrongServerPatienceMs = addresses.length > 1 ? 30_000 : 0 } = options;
  const transport = transportOf(options, addresses);
  return {
    ...resolveEndpointOptions(options, 'client'),
    transport,
    addresses,
    wrongServerPatienceMs: wholeInRange(
      'wrongServerPatienceMs',
      wrongServerPatienceMs,
      0,
      LIMITS.durationMs,
    ),
    followElsewhere: followElsewhereOf(options.followElsewhere),
    maxKeptReceipts: wholeInRange(
      'maxKeptReceipts',
      options.maxKeptReceipts ?? 10_000,
      0,
      16_777_216,
    ),
    credentials: credentialsOf(options.credentials),
    reconnect: reconnectOf(options.reconnect ?? {}),
  };
}

const NAMES: OptionNames<ClientOptions> = {
  ...ENDPOINT_OPTION_NAMES,
  addresses: true,
  wrongServerPatienceMs: true,
  followElsewhere: true,
  maxKeptReceipts: true,
  credentials: true,
  tls: true,
  reconnect: true,
};

const RECONNECT_NAMES: OptionNames<ReconnectOptions> = {
  minMs: true,
  maxMs: true,
  stableAfterMs: true,
};

function transportOf(
  options: ClientOptions,
  addresses: readonly FullAddress[],
): Pick<Transport, 'connect'> {
  const { tls = false, transport } = options;
  for (const address of addresses) {
    checkExposure(options, address, tls !== false);
    if (tls !== false) refuseTlsBeside(options, address);
  }
  if (tls === false) {
    refusePlainIntegrity(options);
    return transport ?? tcpTransport();
  }
  return tlsClient(tls === true ? {} : tls);
}

function addressesOf(options: ClientOptions): readonly [FullAddress, ...FullAddress[]] {
  const { host, port, path, addresses = [{ host, port, path }] } = options;
  wholeInRange('the count of addresses', addresses.length, 1, ADDRESSES_MAX);
  const [first, ...others] = addresses.map((address) => fullAddress(address, 1));
  return [first as FullAddress, ...others];
}

function followElsewhereOf(choice: ClientOptions['followElsewhere'] = false): FollowElsewhere {
  if (typeof choice === 'function') return (address) => mayFollow(choice, address);
  if (typeof choice === 'boolean') return () => choice;
  const detail = `followElsewhere is ${typeof choice}, wanted a boolean or a function`;
  throw new WilcoError('WILCO_OPTION_INVALID', detail);
}

/** Only a plain `true` is a yes: a promise is one to nothing, and an exception is a no. */
function mayFollow(choose: (address: FullAddress) => unknown, address: FullAddress): boolean {
  try {
    const choice = choose(address);
    if (isThenable(choice)) choice.then(undefined, () => {});
    return choice === true;
  } catch {
    return false;
  }
}

function reconnectOf(options: ReconnectOptions): Readonly<Required<ReconnectOptions>> {
  checkOptionNames('reconnect', options, RECONNECT_NAMES);
  const minMs = options.minMs ?? Math.max(1, Math.min(250, options.maxMs ?? 250));
  const { maxMs = Math.max(30_000, minMs), stableAfterMs = 10_000 } = options;
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
