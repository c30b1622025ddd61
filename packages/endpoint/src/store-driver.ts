import {
  WilcoError,
  type EntryTable,
  type StoreEntry,
  type StoreOperation,
  type Worth,
} from '@wilco/protocol';
import type { Store, StoreContents } from '@wilco/store';
import type { Clock } from './clock.ts';

/** Told when what was persisted before it is kept, or never will be. */
type CommitDone = (error: WilcoError | undefined) => void;

/** How many entries are read in one go. */
const ENTRIES_AT_ONCE = 1_000;

/**
 * The store of an endpoint. What all its sessions persist in one turn of the event loop goes
 * into one commit. After the first failure nothing more is committed.
 */
export class StoreDriver {
  /** What *received* means here. */
  readonly worth: Worth;
  /** Nothing is ever read back: sessions persist nothing. */
  readonly isVolatile: boolean;
  readonly #store: Store | undefined;
  readonly #clock: Clock;
  #operations: StoreOperation[] = [];
  #waiting: CommitDone[] = [];
  #isScheduled = false;
  #error: WilcoError | undefined;
  readonly #timeoutMs: number;
  #opening: Promise<StoreContents> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @param timeoutMs - How long the store may take for one commit before it counts as failed,
   *   and to let go before nobody waits for it any more.
   * @param store - `undefined`: nothing is kept, as in a volatile store.
   * @throws {@link WilcoError} `WILCO_OPTION_INVALID` for what is no store.
   */
  constructor(store: Store | undefined, clock: Clock, timeoutMs = 30_000) {
    checkStore(store);
    this.#timeoutMs = timeoutMs;
    this.#store = store;
    this.#clock = clock;
    this.worth = store?.worth ?? 'memory';
    this.isVolatile = store?.isVolatile ?? true;
  }

  /** Reads what there is. Rejects with `WILCO_STORE_FAILED`. */
  async open(): Promise<StoreContents | undefined> {
    try {
      this.#opening = this.#store?.open();
      return await this.#opening;
    } catch (cause) {
      throw new WilcoError('WILCO_STORE_FAILED', `it could not be opened: ${String(cause)}`, {
        cause,
      });
    }
  }

  /** All entries of a table, in the order of their keys. Rejects with `WILCO_STORE_FAILED`. */
  async entriesOf(table: EntryTable): Promise<readonly StoreEntry[]> {
    const found: StoreEntry[] = [];
    const store = this.#store;
    if (store === undefined || this.isVolatile) return found;
    for (let isMore = true; isMore;) {
      const range = { after: found.at(-1)?.key, limit: ENTRIES_AT_ONCE };
      const entries = await new Promise<readonly StoreEntry[]>((resolve, reject) => {
        store.readEntries(table, range, (cause, read) => {
          if (cause === undefined) resolve(read);
          else reject(unreadable(table, cause));
        });
      });
      found.push(...entries);
      isMore = entries.length === ENTRIES_AT_ONCE;
    }
    return found;
  }

  /**
   * @throws {@link WilcoError} `WILCO_WRITES_UNSUPPORTED` without a store that keeps anything, and
   *   what the store itself throws for writes that it can't take.
   */
  checkEffect(effect: unknown): void {
    if (this.#store === undefined || this.isVolatile) {
      throw new WilcoError(
        'WILCO_WRITES_UNSUPPORTED',
        'there is no store, or one that keeps nothing',
      );
    }
    this.#store.checkEffect(effect);
  }

  /** Part of the next commit. */
  persist(operation: StoreOperation): void {
    if (!this.isVolatile && this.#error === undefined) this.#operations.push(operation);
  }

  /** Commits, at the end of this turn, what was persisted until then. */
  commit(done: CommitDone): void {
    if (this.isVolatile) {
      this.#clock.defer(() => done(undefined));
      return;
    }
    this.#waiting.push(done);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.defer(() => this.#commitNow());
  }

  /**
   * Waits for the store to let go, once it is open. Never rejects: there is nobody left whom
   * it would help. May be repeated.
   */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      const clock = this.#clock;
      const stopWaiting = clock.schedule(clock.nowMs() + this.#timeoutMs, resolve);
      void this.#letGo().then(() => {
        stopWaiting();
        resolve();
      });
    });
    return this.#closed;
  }

  async #letGo(): Promise<void> {
    if (this.#operations.length > 0) this.#commitNow();
    try {
      await this.#opening;
    } catch {
      // Whoever opened it was told.
    }
    try {
      await this.#store?.close();
    } catch {
      // What was acknowledged is kept; what was not, nobody was promised.
    }
  }

  #commitNow(): void {
    this.#isScheduled = false;
    const [operations, waiting] = [this.#operations, this.#waiting];
    this.#operations = [];
    this.#waiting = [];
    // It may have gone out already, ahead of the end.
    if (operations.length === 0 && waiting.length === 0) return;
    let isDone = false;
    const stopWaiting = this.#error === undefined ? this.#limit(() => done(HUNG)) : undefined;
    const done = (cause?: unknown): void => {
      if (isDone) return;
      isDone = true;
      stopWaiting?.();
      if (cause !== undefined) this.#fail(cause);
      for (const tell of waiting) tell(this.#error);
    };
    if (this.#error !== undefined) {
      done();
      return;
    }
    try {
      this.#store?.commit(operations, done);
    } catch (cause) {
      done(cause);
    }
  }

  /** A session's own patience begins anew with each session; a store that hangs does so for all. */
  #limit(overdue: () => void): () => void {
    const clock = this.#clock;
    return clock.schedule(clock.nowMs() + this.#timeoutMs, () => {
      // What the store has said until now is heard first: this process may have been asleep.
      clock.defer(overdue);
    });
  }

  #fail(cause: unknown): void {
    this.#error ??= new WilcoError('WILCO_STORE_FAILED', `a commit failed: ${String(cause)}`, {
      cause,
    });
  }
}

const HUNG = new Error('the store did not answer in time');

function unreadable(table: EntryTable, cause: unknown): WilcoError {
  const detail = `its table '${table}' could not be read: ${String(cause)}`;
  return new WilcoError('WILCO_STORE_FAILED', detail, { cause });
}

/** What only looks like one, such as a path, would lose everything without a word. */
function checkStore(store: Store | undefined): void {
  if (store === undefined) return;
  const { open, commit, close } = store as Partial<Store>;
  if ([open, commit, close].every((method) => typeof method === 'function')) return;
  throw new WilcoError('WILCO_OPTION_INVALID', `store is ${typeof store}, wanted a Store`);
}
