import type {
  EntryTable,
  OutgoingRange,
  OutgoingRecord,
  SessionContents,
  SessionId,
  StoreEntry,
  StoreOperation,
  Worth,
} from '@wilco/protocol';

/** Something that a store held is missing, wrong, or older than it was. */
export interface StoreDamage {
  readonly code: 'WILCO_STORE_DAMAGED' | 'WILCO_STORE_SET_BACK';
  /** What was found, in one sentence. */
  readonly detail: string;
  /** Whose state is lost by it; `undefined`: that of all sessions. */
  readonly session: SessionId | undefined;
}

/** What was found at the opening of a store. */
export interface StoreContents {
  /** Names the store for as long as its data lives. */
  readonly storeId: string;
  /** How often it was opened, this time included. From 1. */
  readonly bootCount: number;
  /** In the order of their creation. */
  readonly sessions: readonly SessionContents[];
  /**
   * What is not as it was left. The state of the sessions concerned counts as lost, though their
   * records, as far as they can be read, are among {@link sessions}. Empty where all is well.
   */
  readonly damage: readonly StoreDamage[];
}

/** How much of a long outbox a store gives at its opening, for each channel but that of answers. */
export interface OutgoingHead {
  /** From 1. @defaultValue 1,024 */
  readonly maxMessages?: number;
  /** Bytes of payloads; the first message comes whatever its size. @defaultValue 4 MiB */
  readonly maxBytes?: number;
}

/** Which entries of a table to read: the first ones behind a key. */
export interface EntryRange {
  /** @defaultValue `undefined`: from the beginning */
  readonly after?: string | undefined;
  /** From 1. */
  readonly limit: number;
}

/**
 * Where an endpoint keeps what must outlive a connection, and perhaps the process.
 *
 * One store belongs to one endpoint at a time and holds all its sessions. The endpoint
 * treats it as slow and fallible: completions may come late or never. After a failed
 * commit nothing more is committed; the endpoint closes.
 */
export interface Store {
  /** What a completed commit survives: nothing, the process, or loss of power. */
  readonly worth: Worth;
  /**
   * Nobody will ever open this data again. The endpoint then commits nothing: the
   * messages live in its own memory only, and cost no second record.
   */
  readonly isVolatile: boolean;
  /**
   * There is so little room left that new messages are to be refused. What settles messages is
   * taken still: room is kept in reserve for it.
   */
  readonly isFull: boolean;
  /** Calls `changed` whenever {@link isFull} has changed, until the store is closed. */
  watchFull(changed: (isFull: boolean) => void): void;
  /** Reads what is there. Called once, before anything else. Rejects when the data can not be trusted. */
  open(): Promise<StoreContents>;
  /**
   * Makes all operations hold, or none, in the order of the calls; then calls `done`,
   * never before it returns. The records belong to the store from then on: neither side changes them.
   * New messages of a channel come in the order of their seqs; what was left out, or was dropped,
   * never comes. Misuse throws, and is the end of an open store.
   *
   * A commit of nothing but `dropOutgoing`, `putSending` and `dropEntry` may be done before it is
   * as durable as the store's worth says: after a crash what it dropped may be there again. What
   * is committed later never holds without it.
   */
  commit(operations: readonly StoreOperation[], done: (error?: unknown) => void): void;
  /**
   * Throws what is wrong with the writes of an application, if anything is, so that they are
   * refused where they are made: within a commit they would fail the store.
   */
  checkEffect(effect: unknown): void;
  /**
   * Reads outgoing records, ascending, in the background: those of completed commits; of the
   * others perhaps. None for an empty range or a session that is not there. `done` is never called before it returns.
   *
   * Fails with `WILCO_STORE_DAMAGED` when what was kept is missing or wrong: the state of that
   * session is lost.
   */
  readOutgoing(
    range: OutgoingRange,
    done: (error: unknown, records: readonly OutgoingRecord[]) => void,
  ): void;
  /** Reads one entry, in the background; `undefined` for none. */
  readEntry(
    table: EntryTable,
    key: string,
    done: (error: unknown, value: Uint8Array | undefined) => void,
  ): void;
  /** Reads entries in the background, ascending by key, in an order that is the store's own for other text than ASCII. */
  readEntries(
    table: EntryTable,
    range: EntryRange,
    done: (error: unknown, entries: readonly StoreEntry[]) => void,
  ): void;
  /** Waits for what was committed, and lets go. Safe to call twice. */
  close(): Promise<void>;
}
