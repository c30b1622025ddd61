import type { MessageId, MessageType, SessionId } from '@wilco/protocol';
import type { SessionStats } from '@wilco/session';
import type { Explanation, ExplainOptions, StatusOptions, StatusReport } from './inquiries.ts';
import type { PendingMessage, PendingOptions } from './pending.ts';
import type { Receipt } from './receipt.ts';

/** How one message is sent. */
export interface SendOptions {
  /**
   * How long the message may wait for a handler. After that it is `expired`, by the word of
   * the peer where the peer may hold it.
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue none: as long as `retentionMs`
   */
  readonly ttlMs?: number;
  /**
   * A name of your own for the message, told to its handler. It stays when the message moves
   * to another session. For the peer it is an idempotency key: whatever comes from the same
   * identity with the same id, type and body is handled once, and gets the same outcome; with
   * another body it is rejected with `WILCO_ID_REUSED`. 1 to 128 bytes of UTF-8.
   *
   * @defaultValue derived from session, channel and place
   */
  readonly id?: MessageId;
  /**
   * Whether the end of the message is kept until `client.release(id)`, to be found with
   * `client.receiptOf(id)`: also by a later run, where the store keeps things. Goes with an `id`,
   * at a client.
   *
   * @defaultValue `false`: the receipt alone tells it
   */
  readonly keepReceipt?: boolean;
  /**
   * The ordered flow that it goes through. Channels do not wait for each other. A session has
   * at most 63; each name is 1 to 64 bytes of UTF-8.
   *
   * @defaultValue `'default'`
   */
  readonly channel?: string;
  /**
   * Cancels the message, not the waiting: like `receipt.cancel()`.
   *
   * @defaultValue none
   */
  readonly signal?: AbortSignal;
  /**
   * What to do when the outbox is full: `'fail'` throws `WILCO_OUTBOX_FULL`, or `WILCO_STORE_FULL`
   * where the disk is; `'wait'` keeps
   * the message until there is room, its receipt not `queued`. At most 1_000 wait; one more
   * throws.
   *
   * @defaultValue `'fail'`
   */
  readonly whenFull?: 'fail' | 'wait';
  /**
   * Writes of your own that hold together with the message: with its `queued` both are in the
   * store, or neither is. Needs a store that keeps things, and is of the form that the store
   * takes: of `levelStore` a list of batch operations, into the same database.
   *
   * @defaultValue none
   */
  readonly writes?: unknown;
}

/** How a side waits for its messages to settle. */
export interface DrainOptions {
  /**
   * Stops the waiting; nothing else.
   *
   * @defaultValue none
   */
  readonly signal?: AbortSignal;
}

/** How a side closes. */
export interface CloseOptions {
  /**
   * How long what is in flight may still settle, before goodbye is said.
   *
   * Milliseconds, 0 to 2_147_483_647.
   *
   * @defaultValue `5_000`
   */
  readonly drainMs?: number;
}

/**
 * One side of a session, as an application uses it: the same for a client, and for each
 * session of a server.
 */
export interface SessionHandle {
  /** Names the session; `undefined` for a client that was not connected yet. */
  readonly id: SessionId | undefined;
  /** Who the peer is, as `authenticate` said; `undefined` at a client. */
  readonly identity: string | undefined;
  /** Whether it has a connection now. Messages can be sent in any case. */
  readonly isOnline: boolean;
  /**
   * Sends a message. It is in the outbox when this returns; the receipt tells the rest.
   *
   * @throws {@link WilcoError} before anything was taken: `WILCO_PAYLOAD_UNENCODABLE`,
   *   `WILCO_PAYLOAD_TOO_LARGE`, `WILCO_OUTBOX_FULL`, `WILCO_STORE_FULL`, `WILCO_RECEIPTS_FULL`,
   *   `WILCO_CLOSED`, `WILCO_OPTION_INVALID`,
   *   or `WILCO_CANCELLED` where the signal is aborted already.
   */
  send<Input, Reply, Output>(
    type: MessageType<Input, Reply, Output>,
    body: Input,
    options?: SendOptions,
  ): Receipt<Reply>;
  /**
   * Resolves when every message that was sent until then, and meanwhile, is settled.
   *
   * Rejects with `WILCO_CANCELLED` when the signal is aborted, and with `WILCO_CLOSED` where
   * this side was closed and a store keeps what is unsettled for the next run.
   */
  drain(options?: DrainOptions): Promise<void>;
  /**
   * Asks the peer what became of a message that this side sent, now or in an earlier session,
   * by its id. While there is no connection it waits for one.
   *
   * Rejects with `WILCO_WAIT_OVER` after `waitMs`, with `WILCO_CLOSED` when this side is closed,
   * with `WILCO_OVERLOADED` where 1_000 questions wait already, with `WILCO_OPTION_INVALID`.
   */
  status(id: MessageId, options?: StatusOptions): Promise<StatusReport>;
  /**
   * Says of the messages of this side that are pending what each of them waits for: what this
   * side knows, and what the peer says when it is asked. Without a connection the peer is not
   * waited for. Messages that wait for room in the outbox are not among them.
   *
   * Rejects with `WILCO_OPTION_INVALID` alone.
   */
  explain(options?: ExplainOptions): Promise<Explanation[]>;
  /**
   * The messages in the outbox that have not settled, those of earlier runs included, channel by
   * channel in order, each with a receipt. What settles while it goes on may be left out. Rejects with
   * `WILCO_STORE_DAMAGED` or `WILCO_STORE_FAILED` where they can't be read.
   */
  pending(options?: PendingOptions): AsyncIterable<PendingMessage>;
  /**
   * Figures of the session as of now, for people who watch it; of a client's session in use.
   * `undefined` for a client whose store is not open yet.
   */
  stats(): SessionStats | undefined;
  /**
   * Takes no new messages, lets settle what is in flight, then says goodbye. What has not
   * settled by then is settled truly: cancelled, or in doubt. Never rejects; may be repeated.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Ends the session at once, on both sides. Never rejects; may be repeated. */
  end(): Promise<void>;
}
