import {
  checkCloseNames,
  pendingOf,
  type CloseOptions,
  type DrainOptions,
  type Explanation,
  type ExplainOptions,
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
  wholeInRange,
  type MessageId,
  type MessageType,
  type SessionId,
} from '@wilco/protocol';
import type { ServerSession } from './server-session.ts';

/** What `close()` waits for by default. Milliseconds. */
const DRAIN_MS = 5_000;

/** One session of a server, as its application uses it. Outlives connections. */
export class PeerSession implements SessionHandle, AsyncDisposable {
  readonly id: SessionId;
  readonly identity: string | undefined;
  readonly #session: ServerSession;

  /** @internal */
  constructor(id: SessionId, identity: string | undefined, session: ServerSession) {
    this.id = id;
    this.identity = identity;
    this.#session = session;
  }

  get isOnline(): boolean {
    return this.#session.isOnline;
  }

  send<Input, Reply, Output>(
    type: MessageType<Input, Reply, Output>,
    body: Input,
    options?: SendOptions,
  ): Receipt<Reply> {
    return this.#session.sender.send(type, body, options);
  }

  drain(options?: DrainOptions): Promise<void> {
    return this.#session.sender.drain(options);
  }

  status(id: MessageId, options?: StatusOptions): Promise<StatusReport> {
    return this.#session.sender.inquiries.status(id, options);
  }

  explain(options?: ExplainOptions): Promise<Explanation[]> {
    return this.#session.sender.inquiries.explain(options);
  }

  pending(options: PendingOptions = {}): AsyncGenerator<PendingMessage> {
    return pendingOf(this.#session.live, this.#session.sender, options);
  }

  stats(): SessionStats {
    return this.#session.live.stats();
  }

  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseNames(options);
    const { drainMs = DRAIN_MS } = options;
    wholeInRange('drainMs', drainMs, 0, LIMITS.durationMs);
    await this.#session.close({ ...FAREWELL, mode: 'end' }, drainMs);
  }

  async end(): Promise<void> {
    await this.#session.close({ ...FAREWELL, mode: 'end' }, 0);
  }

  /** `close({ drainMs: 0 })`: an exception must not wait for the network. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ drainMs: 0 });
  }
}

const FAREWELL = {
  code: 'WILCO_SESSION_ENDED',
  reason: 'the server ended the session',
  retryAfterMs: undefined,
} as const;
