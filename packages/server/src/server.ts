import {
  addressName,
  Endpoint,
  endpointEvents,
  fullAddress,
  Handlers,
  messageIds,
  openRemembering,
  StoreDriver,
  type Address,
  type CloseOptions,
  type Connection,
  type EventSource,
  type FullAddress,
  type Listener,
  type TlsCertificates,
} from '@wilco/endpoint';
import {
  checkName,
  checkOptionNames,
  LIMITS,
  wholeInRange,
  type OptionNames,
} from '@wilco/protocol';
import { logEvent } from './event-log.ts';
import type { Emit, ServerEvents } from './events.ts';
import { resolveServerOptions, type ServerOptions } from './options.ts';
import type { PeerSession } from './peer-session.ts';
import type { ServerStats } from './server-stats.ts';
import { ServerLife } from './server-life.ts';
import { Tombstones } from './tombstones.ts';

/** What `close()` waits for by default. Milliseconds. */
const DRAIN_MS = 5_000;

/**
 * Listens for clients; resolves when it does. Register handlers and listeners right after
 * it, before anything else is awaited: no client is let in before.
 *
 * Rejects with `WILCO_LISTEN_FAILED`, `WILCO_STORE_FAILED`, `WILCO_OPTION_INVALID`,
 * `WILCO_OVERLOADED` where the store holds more sessions than `windowBudgetBytes` has room for,
 * or `WILCO_INSECURE_REFUSED` for an address beyond this machine without `insecure: true`.
 */
export async function listen(options: ServerOptions): Promise<Server> {
  const resolved = resolveServerOptions(options);
  const handlers = new Handlers();
  const events = endpointEvents<ServerEvents>();
  const { log } = resolved;
  const emit: Emit = (name, value) => {
    if (log !== undefined) logEvent(log, name, value);
    events.emit(name, value);
  };
  const store = new StoreDriver(resolved.store, resolved.clock, resolved.session.storeTimeoutMs);
  const ids = messageIds(resolved.ids, resolved.clock);
  const tombstones = new Tombstones(resolved.tombstones, store, resolved.clock);
  const contents = store.isVolatile ? undefined : await openRemembering(store, ids, tombstones);
  let life: ServerLife | undefined;
  const accept = (connection: Connection): void => {
    if (life !== undefined) life.accept(connection);
    else connection.destroy();
  };
  let listener: Listener | undefined;
  try {
    listener = await resolved.transport.listen(resolved.address, accept);
    const kept = { store, contents, ids, tombstones };
    life = new ServerLife({ options: resolved, ...kept, handlers, listener, emit });
    return new Server(life, handlers, events, listener.address);
  } catch (error) {
    await listener?.close();
    await store.close();
    throw error;
  }
}

/** How a server closes. */
export interface ServerCloseOptions extends CloseOptions {
  /**
   * Where its clients may go instead, the best first; at most 8. A client goes to an address
   * that it was given itself, or that it was allowed to follow (`followElsewhere`); others come
   * back here, after a spread delay.
   *
   * @defaultValue none
   */
  readonly elsewhere?: readonly Address[];
}

/** Accepts sessions. Made by {@link listen}. */
export class Server extends Endpoint<ServerEvents> {
  /** Where it listens, with the port that the system chose. */
  readonly address: FullAddress;
  readonly #life: ServerLife;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(
    life: ServerLife,
    handlers: Handlers,
    events: EventSource<ServerEvents>,
    address: FullAddress,
  ) {
    super(handlers, events);
    this.#life = life;
    this.address = address;
  }

  /** All sessions that there are, with a connection or not. */
  get sessions(): PeerSession[] {
    return this.#life.table.all.map(({ handle }) => handle);
  }

  /** Figures of all sessions together as of now, and of the server itself. */
  stats(): ServerStats {
    return this.#life.stats();
  }

  /**
   * With TLS: replaces the certificates, for those that are about to expire, and whom to trust.
   * Connections that are there stay as they are; those to come meet the new ones.
   *
   * @throws {@link WilcoError} `WILCO_OPTION_INVALID` for what OpenSSL does not take, or
   *   without TLS; what was there before stays then.
   */
  renewCertificates(certificates: TlsCertificates): void {
    this.#life.renewCertificates(certificates);
  }

  /**
   * Ends all sessions of an identity, whether they have a connection or not; resolves when
   * they are over. Its clients are told `WILCO_REVOKED` and do not come back by themselves;
   * their messages, and those to them, settle truly. Have `authenticate` refuse the identity
   * first: whoever comes again is asked there, and nowhere else.
   */
  async revoke(identity: string): Promise<void> {
    await this.#life.revoke(identity);
  }

  /**
   * Takes no new clients, tells the others that it goes and when to come back, lets settle
   * what is in flight, and ends. Sessions in memory are over; a store keeps its own. May be
   * repeated; the first `elsewhere` holds.
   *
   * Rejects with `WILCO_OPTION_INVALID` alone, and has done nothing then.
   */
  override async close(options: ServerCloseOptions = {}): Promise<void> {
    checkOptionNames('close()', options, CLOSE_OPTION_NAMES);
    const { drainMs = DRAIN_MS, elsewhere } = options;
    wholeInRange('drainMs', drainMs, 0, LIMITS.durationMs);
    const addresses = elsewhereOf(elsewhere);
    this.#closed ??= this.#life.close(drainMs, addresses);
    await this.#closed;
  }
}

const CLOSE_OPTION_NAMES: OptionNames<ServerCloseOptions> = { drainMs: true, elsewhere: true };

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`. */
function elsewhereOf(addresses: readonly Address[] = []): readonly string[] | undefined {
  wholeInRange('the count of addresses elsewhere', addresses.length, 0, LIMITS.elsewhere);
  if (addresses.length === 0) return undefined;
  return addresses.map((address) => {
    return checkName('an address', addressName(fullAddress(address, 1)), LIMITS.addressBytes);
  });
}
