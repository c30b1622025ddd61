import {
  checkChannels,
  isLoopback,
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
import { checkName, LIMITS, WilcoError, wholeInRange, type ServerId } from '@wilco/protocol';

/** What a client shows of itself. */
export interface AuthenticationRequest {
  /** What the client gave as `credentials`; `undefined` for none. */
  readonly credentials: Uint8Array | undefined;
  /** Where it comes from, such as `127.0.0.1:50123`. */
  readonly remote: string;
  /** The session that it wants to resume; `undefined` for none. Not proven yet. */
  readonly session: string | undefined;
}

/** Who a client is. */
export interface Authentication {
  /** The same for the same client, on each of its connections. A session belongs to it for ever. */
  readonly identity: string;
}

/** Says who a client is. Throwing, or returning `undefined`, refuses it for good. */
export type Authenticate = (
  request: AuthenticationRequest,
) => Authentication | undefined | Promise<Authentication | undefined>;

/** Where to listen, and how. All of the session's own options may be given as well. */
export interface ServerOptions extends SessionOptions, OpeningOptions {
  /** Name or address to listen on. @defaultValue `'localhost'`: this machine only */
  readonly host?: string;
  /** 0 to 65_535; 0 lets the system choose, see `server.address`. */
  readonly port: number;
  /**
   * Where messages and sessions are kept. One store belongs to one server.
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
   * Names the server beyond its connections, so that a client does not take another server
   * for one that forgot its session. 1 to 255 bytes of UTF-8.
   *
   * @defaultValue the store's id, else `host:port`
   */
  readonly serverId?: ServerId;
  /**
   * Asked at each connection, also one that resumes, within `helloTimeoutMs`. Without it
   * everybody is let in, as nobody in particular.
   *
   * @defaultValue none
   */
  readonly authenticate?: Authenticate;
  /**
   * Whether an identity has one session at most: a new one takes over the messages of the
   * one before, and ends it. A client that lost its state is noticed by it at once.
   *
   * @defaultValue `false`
   */
  readonly oneSessionPerIdentity?: boolean;
  /**
   * Whether plain TCP may leave this machine.
   *
   * @defaultValue `false`: listening elsewhere is refused with `WILCO_INSECURE_REFUSED`
   */
  readonly insecure?: boolean;
  /**
   * What becomes of this side's messages that may have been handled in a session that is
   * lost: `'resend'` sends them again in the session that follows, marked `resent`;
   * `'inDoubt'` settles them so.
   *
   * @defaultValue `'resend'`
   */
  readonly whenSessionLost?: WhenSessionLost;
  /** Sessions, with a connection or not. One more is refused. Whole number, 1 or more. @defaultValue `100_000` */
  readonly maxSessions?: number;
  /** Connections. One more is refused. Whole number, 1 or more. @defaultValue `10_000` */
  readonly maxConnections?: number;
  /** Connections before authentication. One more is refused. Whole number, 1 or more. @defaultValue `1_000` */
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
  /**
   * Memory that the granted windows of all sessions together may promise.
   *
   * Bytes, 65_536 to 1_099_511_627_776.
   *
   * @defaultValue `268_435_456` (256 MiB)
   */
  readonly windowBudgetBytes?: number;
  /** Weight and urgency of sending channels, by name. @defaultValue all alike */
  readonly channels?: Readonly<Record<string, ChannelOptions>>;
}

/** {@link ServerOptions} with every default filled in and every range checked. */
export interface ResolvedServerOptions {
  readonly address: Required<Address>;
  readonly store: Store | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverId: ServerId | undefined;
  readonly authenticate: Authenticate | undefined;
  readonly isOneSessionPerIdentity: boolean;
  readonly isExposureAllowed: boolean;
  readonly whenSessionLost: WhenSessionLost;
  readonly maxSessions: number;
  readonly maxConnections: number;
  readonly maxUnauthenticated: number;
  readonly retrySpreadMs: number;
  readonly outboxBytesTotal: number;
  readonly windowBudgetBytes: number;
  readonly channels: Readonly<Record<string, ChannelOptions>>;
  readonly session: ResolvedSessionOptions;
  readonly opening: ResolvedOpeningOptions;
}

const MIB = 1024 * 1024;
const COUNT_MAX = 16_777_216;

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`, `WILCO_INSECURE_REFUSED`. */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  const { host = 'localhost', serverId, insecure, whenSessionLost = 'resend' } = options;
  const count = (name: 'maxSessions' | 'maxConnections' | 'maxUnauthenticated', fallback: number) =>
    wholeInRange(name, options[name] ?? fallback, 1, COUNT_MAX);
  const bytes = (name: 'outboxBytesTotal' | 'windowBudgetBytes', least: number) =>
    wholeInRange(name, options[name] ?? 256 * MIB, least, 2 ** 40);
  checkName('host', host, LIMITS.serverIdBytes);
  if (options.transport === undefined) refuseExposed(!isLoopback(host), insecure === true, host);
  if (serverId !== undefined) checkName('the server id', serverId, LIMITS.serverIdBytes);
  if (whenSessionLost !== 'resend' && whenSessionLost !== 'inDoubt') {
    const detail = `whenSessionLost is '${String(whenSessionLost)}', wanted 'resend' or 'inDoubt'`;
    throw new WilcoError('WILCO_OPTION_INVALID', detail);
  }
  return {
    address: { host, port: wholeInRange('port', options.port, 0, 65_535) },
    store: options.store,
    transport: options.transport ?? tcpTransport(),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    serverId,
    authenticate: options.authenticate,
    isOneSessionPerIdentity: options.oneSessionPerIdentity ?? false,
    isExposureAllowed: insecure === true,
    whenSessionLost,
    maxSessions: count('maxSessions', 100_000),
    maxConnections: count('maxConnections', 10_000),
    maxUnauthenticated: count('maxUnauthenticated', 1_000),
    retrySpreadMs: wholeInRange(
      'retrySpreadMs',
      options.retrySpreadMs ?? 5_000,
      0,
      LIMITS.durationMs,
    ),
    outboxBytesTotal: bytes('outboxBytesTotal', 1),
    windowBudgetBytes: bytes('windowBudgetBytes', 65_536),
    channels: checkChannels(options.channels),
    session: resolveSessionOptions(options),
    opening: resolveOpeningOptions(options),
  };
}
