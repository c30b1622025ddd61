import {
  EventSource,
  Handlers,
  MessageSender,
  WindowBudget,
  type CloseOptions,
  type DrainOptions,
  type EventListener,
  type FallbackHandler,
  type HandleOptions,
  type Handler,
  type Receipt,
  type SendOptions,
  type SessionHandle,
  type SessionStats,
  type Undo,
} from '@wilco/endpoint';
import {
  LIMITS,
  WilcoError,
  wholeInRange,
  type MessageType,
  type SessionId,
} from '@wilco/protocol';
import { ClientLife } from './client-life.ts';
import type { ClientEvents } from './events.ts';
import { resolveClientOptions, type ClientOptions, type ResolvedClientOptions } from './options.ts';

/** What `close()` waits for by default. Milliseconds. */
const DRAIN_MS = 5_000;

/**
 * Connects to a server, and keeps coming back until it is closed.
 *
 * Messages can be sent at once: they wait for the connection. While it is not closed the
 * client keeps the process alive, also between two tries.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`; `WILCO_INSECURE_REFUSED` for plain TCP to
 *   another machine without `insecure: true`; `WILCO_UNSUPPORTED` for several addresses.
 */
export function connect(options: ClientOptions): Client {
  return new Client(resolveClientOptions(options));
}

/** One side of a session, which dials. Made by {@link connect}. */
export class Client implements SessionHandle, AsyncDisposable {
  /** Who the peer is: only a server asks. */
  readonly identity = undefined;
  /**
   * Resolves when the first connection is open. Rejects when there will be none: refused for
   * good (the error says why), closed before, or a store that could not be opened. It never
   * causes an unhandled rejection: `closed` tells it as well.
   */
  readonly opened: Promise<void>;
  readonly #events: EventSource<ClientEvents>;
  readonly #handlers = new Handlers();
  readonly #sender: MessageSender;
  readonly #life: ClientLife;
  #failOpening: (error: WilcoError) => void = () => {};

  /** @internal */
  constructor(options: ResolvedClientOptions) {
    this.#events = new EventSource((failure) => this.#events.emit('listenerFailed', failure));
    this.#sender = new MessageSender({
      clock: options.clock,
      options: options.session,
      handle: this,
      outboxTotal: new WindowBudget(options.session.outboxBytes),
      failureUnobserved: (failure) => this.#events.emit('failureUnobserved', failure),
    });
    this.#life = new ClientLife({
      options,
      handlers: this.#handlers,
      sender: this.#sender,
      handle: this,
      emit: (name, value) => this.#events.emit(name, value),
      over: (error) => this.#over(error),
    });
    this.opened = new Promise((resolve, reject) => {
      this.#failOpening = reject;
      this.#events.once('online', () => resolve());
    });
    this.opened.catch(() => {});
    this.#life.start();
  }

  get id(): SessionId | undefined {
    return this.#life.session?.driver.engine.id;
  }

  get isOnline(): boolean {
    return this.#life.isOnline;
  }

  send<Input, Reply, Output>(
    type: MessageType<Input, Reply, Output>,
    body: Input,
    options?: SendOptions,
  ): Receipt<Reply> {
    return this.#sender.send(type, body, options);
  }

  /**
   * Handles messages of one type that the server sends. Returns how to undo it.
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
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: EventListener<ClientEvents[Name]>,
  ): Undo {
    return this.#events.on(name, listener);
  }

  /** Calls `listener` at the next event of that name. Returns how to undo it. */
  once<Name extends keyof ClientEvents>(
    name: Name,
    listener: EventListener<ClientEvents[Name]>,
  ): Undo {
    return this.#events.once(name, listener);
  }

  drain(options?: DrainOptions): Promise<void> {
    return this.#sender.drain(options);
  }

  stats(): SessionStats | undefined {
    return this.#life.session?.driver.engine.stats();
  }

  async close({ drainMs = DRAIN_MS }: CloseOptions = {}): Promise<void> {
    wholeInRange('drainMs', drainMs, 0, LIMITS.durationMs);
    this.#sender.close();
    await this.#life.close(false, drainMs);
  }

  async end(): Promise<void> {
    this.#sender.close();
    await this.#life.close(true, 0);
  }

  /** `close({ drainMs: 0 })`: an exception must not wait for the network. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ drainMs: 0 });
  }

  #over(error: WilcoError | undefined): void {
    this.#sender.close();
    this.#sender.cancelWaiting(error?.code ?? 'WILCO_CLOSED');
    this.#sender.over();
    this.#failOpening(error ?? new WilcoError('WILCO_CLOSED', 'closed before it was connected'));
    this.#events.emit('closed', { error });
  }
}
