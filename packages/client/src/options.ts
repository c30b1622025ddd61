import {
  checkChannels,
  isLoopback,
  isThenable,
  refuseExposed,
  resolveOpeningOptions,
  resolveSessionOptions,
  systemClock,
  systemRandom,
  tcpTransport,
  type Address,
  type ChannelOptions,
  type Clock,
  type OpeningOptions,
  type Random,
  type ResolvedOpeningOptions,
  type ResolvedSessionOptions,
  type SessionOptions,
  type Store,
  type Transport,
  type WhenSessionLost,
} from '@wilco/endpoint';
import { checkName, inRange, LIMITS, WilcoError, wholeInRange } from '@wilco/protocol';

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
export interface ClientOptions extends SessionOptions, OpeningOptions {
  /** Name or address of the server. @defaultValue `'localhost'` */
  readonly host?: string;
  /** 1 to 65_535. Needed, unless `addresses` has it. */
  readonly port?: number;
  /** One address; more than one is not supported yet and throws `WILCO_UNSUPPORTED`. */
  readonly addresses?: readonly Address[];
  /**
   * Where messages and sessions are kept. One store belongs to one client.
   *
   * @defaultValue memory: gone with the process
   */
  readonly store?: Store;
  /** @defaultValue `tcpTransport()` */
  readonly transport?: Transport;
  /** @defaultValue `systemClock` */
  readonly clock?: Clock;
  /** @defaultValue `systemRandom` */
  readonly random?: Random;
  /**
   * Who the client is, or a function that is asked before each connection, and may take its
   * time. Where it fails, the client tries again later.
   *
   * @defaultValue none
   */
  readonly credentials?: Credentials | (() => Credentials | Promise<Credentials>);
  /**
   * Whether plain TCP may leave this machine.
   *
   * @defaultValue `false`: such a connection is refused with `WILCO_INSECURE_REFUSED`
   */
  readonly insecure?: boolean;
  /**
   * What becomes of messages that may have been handled in a session that is lost:
   * `'resend'` sends them again, marked `resent`; `'inDoubt'` settles them so. Messages that
   * were certainly never handled move to the next session in any case.
   *
   * @defaultValue `'resend'`
   */
  readonly whenSessionLost?: WhenSessionLost;
  /** @defaultValue at once, then up to 250 ms, doubling to 30 s */
  readonly reconnect?: ReconnectOptions;
  /**
   * Memory that all granted windows together may promise.
   *
   * Bytes, 65_536 to 1_099_511_627_776.
   *
   * @defaultValue `268_435_456` (256 MiB)
   */
  readonly windowBudgetBytes?: number;
  /** Weight and urgency of sending channels, by name. @defaultValue all alike */
  readonly channels?: Readonly<Record<string, ChannelOptions>>;
}

/** {@link ClientOptions} with every default filled in and every range checked. */
export interface ResolvedClientOptions {
  readonly address: Required<Address>;
  readonly store: Store | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: () => Uint8Array | undefined | Promise<Uint8Array>;
  readonly isExposureAllowed: boolean;
  readonly whenSessionLost: WhenSessionLost;
  readonly reconnect: Readonly<Required<ReconnectOptions>>;
  readonly windowBudgetBytes: number;
  readonly channels: Readonly<Record<string, ChannelOptions>>;
  readonly session: ResolvedSessionOptions;
  readonly opening: ResolvedOpeningOptions;
}

const MIB = 1024 * 1024;

/**
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`, `WILCO_UNSUPPORTED` for several
 *   addresses, `WILCO_INSECURE_REFUSED` for plain TCP to another machine.
 */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  const address = addressOf(options);
  const isExposureAllowed = options.insecure === true;
  if (options.transport === undefined) {
    refuseExposed(!isLoopback(address.host), isExposureAllowed, address.host);
  }
  return {
    address,
    store: options.store,
    transport: options.transport ?? tcpTransport(),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    credentials: credentialsOf(options.credentials),
    isExposureAllowed,
    whenSessionLost: whenSessionLostOf(options.whenSessionLost),
    reconnect: reconnectOf(options.reconnect ?? {}),
    windowBudgetBytes: wholeInRange(
      'windowBudgetBytes',
      options.windowBudgetBytes ?? 256 * MIB,
      65_536,
      2 ** 40,
    ),
    channels: checkChannels(options.channels),
    session: resolveSessionOptions(options),
    opening: resolveOpeningOptions(options),
  };
}

function addressOf({ host, port, addresses }: ClientOptions): Required<Address> {
  if (addresses !== undefined && addresses.length > 1) {
    throw new WilcoError('WILCO_UNSUPPORTED', `${addresses.length} addresses, one is supported`);
  }
  const address = addresses?.[0] ?? { host, port };
  return {
    host: checkName('host', address.host ?? 'localhost', LIMITS.serverIdBytes),
    port: wholeInRange('port', address.port ?? Number.NaN, 1, 65_535),
  };
}

function whenSessionLostOf(choice: WhenSessionLost = 'resend'): WhenSessionLost {
  if (choice === 'resend' || choice === 'inDoubt') return choice;
  const detail = `whenSessionLost is '${String(choice)}', wanted 'resend' or 'inDoubt'`;
  throw new WilcoError('WILCO_OPTION_INVALID', detail);
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
