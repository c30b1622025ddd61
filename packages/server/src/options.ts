import {
  checkExposure,
  ENDPOINT_OPTION_NAMES,
  fullAddress,
  refusePlainIntegrity,
  refuseTlsBeside,
  resolveEndpointOptions,
  tcpTransport,
  tlsServer,
  type Address,
  type EndpointOptions,
  type FullAddress,
  type ResolvedEndpointOptions,
  type TlsPeer,
  type TlsServerOptions,
  type Transport,
} from '@wilco/endpoint';
import {
  checkName,
  checkOptionNames,
  LIMITS,
  wholeInRange,
  type OptionNames,
  type ServerId,
} from '@wilco/protocol';
import type { TombstoneLimits } from './tombstones.ts';

/** What a client shows of itself. */
export interface AuthenticationRequest {
  /** What the client gave as `credentials`; `undefined` for none. */
  readonly credentials: Uint8Array | undefined;
  /** Where it comes from, such as `127.0.0.1:50123`. */
  readonly remote: string;
  /**
   * What TLS tells of it; `undefined` without TLS. `tls.certificate` is there only if it was
   * verified, so its subject and names may be believed.
   */
  readonly tls: TlsPeer | undefined;
  /** The session that it wants to resume; `undefined` for none. Not proven yet. */
  readonly session: string | undefined;
}

/** Who a client is. */
export interface Authentication {
  /** The same for the same client, on each of its connections. A session belongs to it for ever. */
  readonly identity: string;
  /**
   * For how long that is certain, as with a token that runs out. The client is told, and
   * renews its credentials in time; one that does not loses its connection after
   * `credentialsGraceMs`, and its session goes on once it has shown fresh ones.
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue for ever
   */
  readonly validForMs?: number | undefined;
}

/**
 * Says who a client is. Returning `undefined` refuses it for good. Throwing, or taking longer
 * than `helloTimeoutMs`, says that it can't be found out now: the client comes back later, and
 * `authenticateFailed` tells the application.
 */
export type Authenticate = (
  request: AuthenticationRequest,
) => Authentication | undefined | Promise<Authentication | undefined>;

/** Where to listen, and how. All of the session's own options may be given as well. */
export interface ServerOptions extends EndpointOptions, Address {
  /**
   * Encrypts the connections with TLS, from the first byte on, with this certificate and key.
   * Goes with host and port only.
   *
   * @defaultValue none: plain TCP
   */
  readonly tls?: TlsServerOptions | undefined;
  /**
   * The permissions of the file of a Unix socket, which say who may connect. Whole number, 0
   * to 0o777.
   *
   * @defaultValue `0o600`: processes of the same user
   */
  readonly mode?: number | undefined;
  /**
   * Names the server beyond its connections, so that a client does not take another server
   * for one that forgot its session. 1 to 255 bytes of UTF-8.
   *
   * @defaultValue the store's id, else `host:port`, or `unix:` and the path
   */
  readonly serverId?: ServerId;
  /**
   * Asked at each connection, also one that resumes, and for credentials that are renewed,
   * within `helloTimeoutMs`. Without it everybody is let in, as nobody in particular.
   *
   * @defaultValue none
   */
  readonly authenticate?: Authenticate;
  /**
   * How long a connection may last whose credentials ran out (`validForMs`) and were not
   * renewed, before it is ended with `WILCO_AUTHENTICATION_EXPIRED`.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `5_000`
   */
  readonly credentialsGraceMs?: number;
  /**
   * Whether an identity has one session at most: a new one takes over the messages of the
   * one before, and ends it. A client that lost its state is noticed by it at once.
   *
   * @defaultValue `false`
   */
  readonly oneSessionPerIdentity?: boolean;
  /**
   * Sessions, with a connection or not. One more is refused with `WILCO_OVERLOADED`, for now.
   *
   * Whole number, 1 to 16_777_216.
   *
   * @defaultValue `100_000`
   */
  readonly maxSessions?: number;
  /**
   * Sessions that ended and are remembered, the newest. A client that comes back with the token of
   * one is told what became of its messages; the others send again what may have been handled.
   *
   * Whole number, 0 to 16_777_216.
   *
   * @defaultValue `10_000`
   */
  readonly maxTombstones?: number;
  /**
   * How long a session is remembered after its end.
   *
   * Milliseconds, 0 to 31_536_000_000 (a year).
   *
   * @defaultValue `3_600_000` (an hour); `604_800_000` (7 days) with a store that outlives the process
   */
  readonly tombstoneAgeMs?: number;
  /**
   * Connections, whatever they are at. One more is refused with `WILCO_OVERLOADED`, for now.
   *
   * Whole number, 1 to 16_777_216.
   *
   * @defaultValue `10_000`
   */
  readonly maxConnections?: number;
  /**
   * Connections before authentication. One more is refused with `WILCO_OVERLOADED`, for now.
   *
   * Whole number, 1 to 16_777_216.
   *
   * @defaultValue `1_000`
   */
  readonly maxUnauthenticated?: number;
  /**
   * When a client that was refused for want of room, or because the server goes, comes back:
   * after a random part of this, so that they do not come all at once.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `5_000`
   */
  readonly retrySpreadMs?: number;
  /**
   * Payload bytes that the outboxes of all sessions may hold together.
   *
   * Bytes, 1 to 1_099_511_627_776.
   *
   * @defaultValue `268_435_456` (256 MiB)
   */
  readonly outboxBytesTotal?: number;
}

/** {@link ServerOptions} with every default filled in and every range checked. */
export interface ResolvedServerOptions extends ResolvedEndpointOptions {
  readonly transport: Pick<Transport, 'listen'>;
  readonly address: FullAddress;
  readonly serverId: ServerId | undefined;
  readonly authenticate: Authenticate | undefined;
  readonly credentialsGraceMs: number;
  readonly isOneSessionPerIdentity: boolean;
  readonly maxSessions: number;
  readonly tombstones: TombstoneLimits;
  readonly maxConnections: number;
  readonly maxUnauthenticated: number;
  readonly retrySpreadMs: number;
  readonly outboxBytesTotal: number;
}

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const COUNT_MAX = 16_777_216;

const NAMES: OptionNames<ServerOptions> = {
  ...ENDPOINT_OPTION_NAMES,
  tls: true,
  mode: true,
  serverId: true,
  authenticate: true,
  credentialsGraceMs: true,
  oneSessionPerIdentity: true,
  maxSessions: true,
  maxTombstones: true,
  tombstoneAgeMs: true,
  maxConnections: true,
  maxUnauthenticated: true,
  retrySpreadMs: true,
  outboxBytesTotal: true,
};

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`, `WILCO_INSECURE_REFUSED`. */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  checkOptionNames('listen()', options, NAMES);
  const { serverId, retrySpreadMs = 5_000, credentialsGraceMs = 5_000 } = options;
  const { outboxBytesTotal = 256 * MIB } = options;
  const count = (name: 'maxSessions' | 'maxConnections' | 'maxUnauthenticated', fallback: number) =>
    wholeInRange(name, options[name] ?? fallback, 1, COUNT_MAX);
  const address = fullAddress(options, 0);
  if (serverId !== undefined) checkName('the server id', serverId, LIMITS.serverIdBytes);
  const endpoint = resolveEndpointOptions(options, 'server');
  return {
    ...endpoint,
    transport: transportOf(options, address, endpoint.opening.helloTimeoutMs),
    address,
    serverId,
    authenticate: options.authenticate,
    credentialsGraceMs: wholeInRange(
      'credentialsGraceMs',
      credentialsGraceMs,
      0,
      LIMITS.durationMs,
    ),
    isOneSessionPerIdentity: options.oneSessionPerIdentity ?? false,
    maxSessions: count('maxSessions', 100_000),
    tombstones: tombstonesOf(options),
    maxConnections: count('maxConnections', 10_000),
    maxUnauthenticated: count('maxUnauthenticated', 1_000),
    retrySpreadMs: wholeInRange('retrySpreadMs', retrySpreadMs, 0, LIMITS.durationMs),
    outboxBytesTotal: wholeInRange('outboxBytesTotal', outboxBytesTotal, 1, 2 ** 40),
  };
}

function tombstonesOf({ store, ...options }: ServerOptions): TombstoneLimits {
  const ageMs = store === undefined || store.worth === 'memory' ? HOUR_MS : 7 * 24 * HOUR_MS;
  const { maxTombstones = 10_000, tombstoneAgeMs = ageMs } = options;
  return {
    maxTombstones: wholeInRange('maxTombstones', maxTombstones, 0, COUNT_MAX),
    tombstoneAgeMs: wholeInRange('tombstoneAgeMs', tombstoneAgeMs, 0, 31_536_000_000),
  };
}

function transportOf(
  options: ServerOptions,
  address: FullAddress,
  helloTimeoutMs: number,
): Pick<Transport, 'listen'> {
  const { tls, transport, mode } = options;
  checkExposure(options, address, tls !== undefined);
  if (tls === undefined) {
    refusePlainIntegrity(options);
    return transport ?? tcpTransport({ mode });
  }
  refuseTlsBeside(options, address);
  return tlsServer(tls, helloTimeoutMs);
}
