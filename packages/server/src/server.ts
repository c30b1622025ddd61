import {
  EventSource,
  Handlers,
  StoreDriver,
  type Address,
  type CloseOptions,
  type Connection,
  type EventListener,
  type FallbackHandler,
  type HandleOptions,
  type Handler,
  type Listener,
  type Undo,
} from '@wilco/endpoint';
import { LIMITS, wholeInRange, type MessageType } from '@wilco/protocol';
import type { Emit, ServerEvents } from './events.ts';
import { resolveServerOptions, type ServerOptions } from './options.ts';
import type { PeerSession } from './peer-session.ts';
import { ServerLife } from './server-life.ts';

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
  const events: EventSource<ServerEvents> = new EventSource((failure) => {
    events.emit('listenerFailed', failure);
  });
  const emit: Emit = (name, value) => events.emit(name, value);
  const store = new StoreDriver(resolved.store, resolved.clock, resolved.session.storeTimeoutMs);
  const contents = store.isVolatile ? undefined : await store.open();
  let life: ServerLife | undefined;
  const accept = (connection: Connection): void => {
    if (life !== undefined) life.accept(connection);
    else connection.destroy();
  };
  let listener: Listener | undefined;
  try {
    listener = await resolved.transport.listen(resolved.address, accept);
    life = new ServerLife({ options: resolved, store, contents, handlers, listener, emit });
    return new Server(life, handlers, events, listener.address);
  } catch (error) {
    await listener?.close();
    await store.close();
    throw error;
  }
}

/** Accepts sessions. Made by {@link listen}. */
export class Server implements AsyncDisposable {
  /** Where it listens, with the port that the system chose. */
  readonly address: Required<Address>;
  readonly #life: ServerLife;
  readonly #handlers: Handlers;
  readonly #events: EventSource<ServerEvents>;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(
    life: ServerLife,
    handlers: Handlers,
    events: EventSource<ServerEvents>,
    address: Required<Address>,
  ) {
    this.#life = life;
    this.#handlers = handlers;
    this.#events = events;
    this.address = address;
  }

  /** All sessions that there are, with a connection or not. */
  get sessions(): PeerSession[] {
    return this.#life.table.all.map(({ handle }) => handle);
  }

  /**
   * Handles messages of one type, of all sessions. Returns how to undo it.
   *
   * @throws {@link WilcoError} `WILCO_HANDLER_EXISTS`, `WILCO_OPTION_INVALID`.
   */
  handle<Input, Reply, Output>(
    type: MessageType<Input, Reply, Output>,
    handler: Handler<Output, Reply>,
    options?: HandleOptions,
  ): Undo {
    return this.#handlers.add(type, handler, options);
  }

  /**
   * Handles messages of all types that have no handler. Returns how to undo it.
   *
   * @throws {@link WilcoError} `WILCO_HANDLER_EXISTS`.
   */
  handleOthers(handler: FallbackHandler): Undo {
    return this.#handlers.addFallback(handler);
  }

  /** Calls `listener` at each event of that name. Returns how to undo it. */
  on<Name extends keyof ServerEvents>(
    name: Name,
    listener: EventListener<ServerEvents[Name]>,
  ): Undo {
    return this.#events.on(name, listener);
  }

  /** Calls `listener` at the next event of that name. Returns how to undo it. */
  once<Name extends keyof ServerEvents>(
    name: Name,
    listener: EventListener<ServerEvents[Name]>,
  ): Undo {
    return this.#events.once(name, listener);
  }

  /**
   * Takes no new clients, tells the others that it goes and when to come back, lets settle
   * what is in flight, and ends. Sessions in memory are over; a store keeps its own. Never
   * rejects; may be repeated.
   */
  close({ drainMs = DRAIN_MS }: CloseOptions = {}): Promise<void> {
    wholeInRange('drainMs', drainMs, 0, LIMITS.durationMs);
    this.#closed ??= this.#life.close(drainMs);
    return this.#closed;
  }

  /** `close({ drainMs: 0 })`: an exception must not wait for the network. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ drainMs: 0 });
  }
}
