import {
  WilcoError,
  type EntryTable,
  type StoreEntry,
  type OutgoingRange,
  type OutgoingRecord,
  type StoreOperation,
  type Worth,
} from '@wilco/protocol';
import type { Store, StoreContents } from '@wilco/store';
import type { Clock } from './clock.ts';

/** Told when what was persisted before it is kept, or never will be. */
type CommitDone = (error: WilcoError | undefined) => void;

/** Somebody whose operations hold together. */
export interface CommitPart {
  /** A commit takes along what it persisted until now: it persists the rest, and says who waits. */
  complete(): void;
}

/** How many entries are read in one go. */
const ENTRIES_AT_ONCE = 1_000;
/** What nobody waits for is committed after so long, unless a commit takes it along. Milliseconds. */
const LATER_MS = 200;
/** Or once there is so much of it. */
const LATER_OPERATIONS = 4_096;

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
  /** Those who have a part in the next commit. */
  readonly #parts: CommitPart[] = [];
  #error: WilcoError | undefined;
  readonly #timeoutMs: number;
  #opening: Promise<StoreContents> | undefined;
  #closed: Promise<void> | undefined;
  #cancelLater: (() => void) | undefined;
  #retries: (() => void)[] = [];
  /** When it had room again. */
  #roomSinceMs = -Infinity;
  readonly #work = new Set<Promise<void>>();

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
      const contents = await this.#opening;
      this.#store?.watchFull((isFull) => {
        if (!isFull) this.#hasRoom();
      });
      return contents;
    } catch (cause) {
      if (WilcoError.is(cause)) throw cause;
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

  /** One entry of a table, if it is there. Rejects with `WILCO_STORE_FAILED`. */
  entryOf(table: EntryTable, key: string): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#store === undefined || this.isVolatile) resolve(undefined);
      else {
        this.#store.readEntry(table, key, (cause, value) => {
          if (cause === undefined) resolve(value);
          else reject(unreadable(table, cause));
        });
      }
    });
  }

  /** Whether nothing is kept any more. */
  get hasFailed(): boolean {
    return this.#error !== undefined;
  }

  /** Is not to be let go of before this, which needs it, is done. */
  waitFor(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  /** Whether it takes no new messages, for want of room. */
  get isFull(): boolean {
    return this.#store?.isFull ?? false;
  }

  /** Until when it was full: now, where it is; `-Infinity` where it never was. */
  get fullUntilMs(): number {
    return this.isFull ? this.#clock.nowMs() : this.#roomSinceMs;
  }

  /** Calls `retry` once, when it takes messages again. */
  whenRoom(retry: () => void): void {
    if (!this.#retries.includes(retry)) this.#retries.push(retry);
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

  /**
   * What somebody persists may come in pieces that must not hold without each other, while another
   * one's commit is on its way. Returns `true`: it is noted, until it was asked for the rest.
   */
  completeWith(part: CommitPart): true {
    if (!this.isVolatile) this.#parts.push(part);
    return true;
  }

  /** Commits, at the end of this turn, what was persisted until then. */
  commit(done: CommitDone): void {
    if (this.isVolatile) {
      this.#clock.defer(() => done(undefined));
      return;
    }
    this.#waiting.push(done);
    this.#schedule();
  }

  /** The turn is over: what was to be committed at its end is. */
  turnIsOver(): void {
    if (this.#isScheduled) this.#commitNow();
  }

  /** Commits it soon, or with what somebody waits for. */
  commitLater(): void {
    if (this.isVolatile || this.#isScheduled) return;
    if (this.#operations.length >= LATER_OPERATIONS) {
      this.#schedule();
      return;
    }
    const clock = this.#clock;
    this.#cancelLater ??= clock.schedule(clock.nowMs() + LATER_MS, () => this.#commitNow());
  }

  /** Reads what is on disk only. Fails with `WILCO_STORE_DAMAGED` or, for good, with `WILCO_STORE_FAILED`. */
  readOutgoing(
    range: OutgoingRange,
    done: (error: WilcoError | undefined, records: readonly OutgoingRecord[]) => void,
  ): void {
    const finish = this.#once((cause, records) => {
      if (cause === undefined) done(undefined, records);
      else if (WilcoError.is(cause, 'WILCO_STORE_DAMAGED')) done(cause, []);
      else done(this.#fail(cause), []);
    });
    if (this.#error === undefined) this.#store?.readOutgoing(range, finish);
    else this.#clock.defer(() => finish(this.#error));
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
    await Promise.all(this.#work);
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

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.defer(() => this.turnIsOver());
  }

  #commitNow(): void {
    // What these want goes along.
    this.#isScheduled = true;
    for (const part of this.#parts.splice(0)) part.complete();
    this.#isScheduled = false;
    this.#cancelLater?.();
    this.#cancelLater = undefined;
    const [operations, waiting] = [this.#operations, this.#waiting];
    this.#operations = [];
    this.#waiting = [];
    // It may have gone out already, ahead of the end.
    if (operations.length === 0 && waiting.length === 0) return;
    const done = this.#once((cause) => {
      if (cause !== undefined) this.#fail(cause);
      for (const tell of waiting) tell(this.#error);
    });
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

  /** Calls `tell` once: with what the store says, or that it hangs. */
  #once(
    tell: (cause: unknown, records: readonly OutgoingRecord[]) => void,
  ): (cause?: unknown, records?: readonly OutgoingRecord[]) => void {
    let isDone = false;
    const stopWaiting = this.#error === undefined ? this.#limit(() => done(HUNG)) : undefined;
    const done = (cause?: unknown, records: readonly OutgoingRecord[] = []): void => {
      if (isDone) return;
      isDone = true;
      stopWaiting?.();
      tell(cause, records);
    };
    return done;
  }

  /**
   * A session's own patience begins anew with each session; a store that hangs does so for all. One
   * that waits for room on its disk does not hang: the patience begins when there is room.
   */
  #limit(overdue: () => void): () => void {
    const clock = this.#clock;
    const startMs = clock.nowMs();
    let cancel: () => void = () => {};
    const wait = (untilMs: number): void => {
      cancel = clock.schedule(untilMs, () => {
        const dueMs = Math.max(startMs, this.fullUntilMs) + this.#timeoutMs;
        if (dueMs > clock.nowMs()) wait(dueMs);
        // What the store has said until now is heard first: this process may have been asleep.
        else clock.defer(overdue);
      });
    };
    wait(startMs + this.#timeoutMs);
    return () => cancel();
  }

  #hasRoom(): void {
    this.#roomSinceMs = this.#clock.nowMs();
    const retries = this.#retries;
    this.#retries = [];
    for (const retry of retries) retry();
  }

  #fail(cause: unknown): WilcoError {
    this.#error ??= new WilcoError('WILCO_STORE_FAILED', `it failed: ${String(cause)}`, { cause });
    return this.#error;
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
