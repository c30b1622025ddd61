import {
  checkCloseNames,
  Endpoint,
  endpointEvents,
  Handlers,
  KeptReceipts,
  messagePack,
  MessageSender,
  type MessageSenderSetting,
  pendingOf,
  ownShare,
  StoreDriver,
  type CloseOptions,
  type DrainOptions,
  type Explanation,
  type ExplainOptions,
  type KeptReceipt,
  type EventLog,
  type EventSource,
  type PendingMessage,
  type PendingOptions,
  type Receipt,
  type SendOptions,
  type SessionHandle,
  type SessionStats,
  type StatusOptions,
  type StatusReport,
} from '@wilco/endpoint';
import {
  LIMITS,
  WilcoError,
  wholeInRange,
  type MessageId,
  type MessageType,
  type SessionId,
} from '@wilco/protocol';
import { ClientLife } from './client-life.ts';
import { logEvent } from './event-log.ts';
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
 *   another machine without `insecure: true`.
 */
export function connect(options: ClientOptions): Client {
  return new Client(resolveClientOptions(options));
}

/** One side of a session, which dials. Made by {@link connect}. */
export class Client extends Endpoint<ClientEvents> implements SessionHandle {
  /** Who the peer is: only a server asks. */
  readonly identity = undefined;
  /**
   * Resolves when the first connection is open. Rejects when there will be none: refused for
   * good (the error says why), closed before, or a store that could not be opened. It never
   * causes an unhandled rejection: `closed` tells it as well.
   */
  readonly opened: Promise<void>;
  readonly #events: EventSource<ClientEvents>;
  readonly #log: EventLog | undefined;
  readonly #sender: MessageSender;
  readonly #kept: KeptReceipts;
  readonly #life: ClientLife;
  #failOpening: (error: WilcoError) => void = () => {};

  /** @internal */
  constructor(options: ResolvedClientOptions) {
    const handlers = new Handlers();
    const events = endpointEvents<ClientEvents>();
    super(handlers, events);
    this.#events = events;
    this.#log = options.log;
    const { clock, session } = options;
    const store = new StoreDriver(options.store, clock, session.storeTimeoutMs);
    this.#kept = new KeptReceipts(options.maxKeptReceipts, store, clock);
    const sending: MessageSenderSetting = {
      clock: options.clock,
      options: options.session,
      checkWrites: (writes) => this.#life.store.checkEffect(writes),
      kept: this.#kept,
      failureUnobserved: (failure) => events.emit('failureUnobserved', failure),
      settled: (settled) => events.emit('settled', settled),
    };
    this.#sender = new MessageSender(sending, this, ownShare(options.session.outboxBytes));
    this.#life = new ClientLife({
      options,
      store,
      kept: this.#kept,
      handlers,
      sender: this.#sender,
      handle: this,
      emit: (name, value) => this.#emit(name, value),
      over: (error) => this.#over(error),
    });
    this.opened = new Promise((resolve, reject) => {
      this.#failOpening = reject;
      events.once('online', () => resolve());
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

  drain(options?: DrainOptions): Promise<void> {
    return this.#sender.drain(options);
  }

  status(id: MessageId, options?: StatusOptions): Promise<StatusReport> {
    return this.#sender.inquiries.status(id, options);
  }

  explain(options?: ExplainOptions): Promise<Explanation[]> {
    return this.#sender.inquiries.explain(options);
  }

  async *pending(options: PendingOptions = {}): AsyncGenerator<PendingMessage> {
    await this.#life.beginning.wait(Infinity);
    const { session } = this.#life;
    if (session !== undefined) yield* pendingOf(session, this.#sender, options);
  }

  /**
   * The ends of messages that were sent with `keepReceipt`, until they are released: those of
   * earlier runs, too, where the store keeps things, once it is open. Their replies are read as
   * MessagePack; {@link Client.receiptOf} reads them as their type says.
   */
  receipts(): readonly KeptReceipt[] {
    return this.#kept.all();
  }

  /** The end of a message that was sent with `keepReceipt`; `undefined` where none is kept. */
  receiptOf<Reply = unknown>(
    id: MessageId,
    type?: Pick<MessageType<unknown, Reply>, 'name' | 'replyCodec'>,
  ): KeptReceipt<Reply> | undefined {
    const codec = type?.replyCodec ?? messagePack<Reply>();
    return this.#kept.find(id, codec);
  }

  /**
   * Forgets the end of a message that was sent with `keepReceipt`, also one that has not come:
   * then it is not kept. `false` where there is none.
   */
  release(id: MessageId): boolean {
    return this.#kept.release(id);
  }

  stats(): SessionStats | undefined {
    return this.#life.session?.stats();
  }

  override async close(options: CloseOptions = {}): Promise<void> {
    checkCloseNames(options);
    const { drainMs = DRAIN_MS } = options;
    wholeInRange('drainMs', drainMs, 0, LIMITS.durationMs);
    this.#sender.close();
    await this.#life.close(false, drainMs);
  }

  /**
   * Asks `credentials` again and shows them to the server on the open connection; resolves
   * when the server has accepted them. Without a connection there is nothing to do, and it
   * resolves at once: the next connection asks in any case. A client that was told how long
   * its credentials are valid does it by itself when 80 % of that is over.
   *
   * Rejects with `WILCO_AUTHENTICATION_UNAVAILABLE` where the server could not check them, with
   * `WILCO_CREDENTIALS_FAILED` where there were none or no answer, with `WILCO_OPTION_INVALID`
   * without `credentials`, with `WILCO_CLOSED`, and with what ended the connection:
   * `WILCO_AUTHENTICATION_FAILED` where they were not accepted.
   */
  async renewCredentials(): Promise<void> {
    await this.#life.renewCredentials();
  }

  async end(): Promise<void> {
    this.#sender.close();
    await this.#life.close(true, 0);
  }

  #emit<Name extends keyof ClientEvents>(name: Name, value: ClientEvents[Name]): void {
    if (this.#log !== undefined) logEvent(this.#log, name, value);
    this.#events.emit(name, value);
  }

  #over(error: WilcoError | undefined): void {
    this.#sender.close(error);
    this.#sender.cancelWaiting(error?.code ?? 'WILCO_CLOSED');
    this.#sender.over();
    this.#failOpening(error ?? new WilcoError('WILCO_CLOSED', 'closed before it was connected'));
    this.#emit('closed', { error });
  }
}
