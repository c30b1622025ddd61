import type {
  EntryTable,
  OutgoingRange,
  OutgoingRecord,
  StoreEntry,
  StoreOperation,
  Worth,
} from '@wilco/protocol';
import { ApplicationImage } from './application-image.ts';
import type { EntryRange, OutgoingHead, Store, StoreContents } from './store.ts';
import { OUTGOING_HEAD, StoreImage } from './store-image.ts';

/** How a {@link memoryStore} behaves. */
export interface MemoryStoreOptions {
  /**
   * Whether it holds what was committed, so that the same object can be closed and opened
   * again, as a test of restarts wants it. Costs a second record for each message.
   *
   * @defaultValue `false`: nobody opens it again, and nothing is committed to it
   */
  readonly keep?: boolean;
  /**
   * Names the store for as long as its data lives.
   *
   * @defaultValue random
   */
  readonly storeId?: string;
  /**
   * How much of a long outbox it gives at its opening; the rest is read when its turn comes.
   *
   * @defaultValue 1,024 messages and 4 MiB for each channel
   */
  readonly head?: OutgoingHead;
}

/** A store in memory, and what the application wrote with its commits. */
export interface MemoryStore extends Store {
  /** What the effects of commits left: `put` and `del` by key, as in a batch of abstract-level. */
  readonly application: ReadonlyMap<string, unknown>;
}

/**
 * Keeps sessions in memory: fast, and gone with the process.
 *
 * By default it is volatile: the endpoint commits nothing to it. With `keep`, it holds
 * everything and survives `close()`, though not the process; it completes each commit
 * in a microtask.
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new KeptInMemory(options);
}

class KeptInMemory implements MemoryStore {
  readonly worth: Worth = 'memory';
  readonly isVolatile: boolean;
  readonly isFull = false;
  readonly #storeId: string;
  readonly #head: OutgoingHead;
  readonly #image = new StoreImage();
  #bootCount = 0;
  #isOpen = false;

  constructor(options: MemoryStoreOptions) {
    this.isVolatile = options.keep !== true;
    this.#storeId = options.storeId ?? globalThis.crypto.randomUUID();
    this.#head = options.head ?? OUTGOING_HEAD;
  }

  get application(): ReadonlyMap<string, unknown> {
    return this.#image.application;
  }

  watchFull(): void {
    // It never is.
  }

  open(): Promise<StoreContents> {
    if (this.#isOpen) return Promise.reject(new TypeError('the store is open already'));
    this.#isOpen = true;
    this.#bootCount += 1;
    return Promise.resolve({
      storeId: this.#storeId,
      bootCount: this.#bootCount,
      sessions: this.#image.sessions(this.#head),
      damage: [],
    });
  }

  commit(operations: readonly StoreOperation[], done: (error?: unknown) => void): void {
    this.#assertOpen();
    if (!this.isVolatile) this.#image.apply(operations);
    queueMicrotask(done);
  }

  checkEffect(effect: unknown): void {
    ApplicationImage.check(effect);
  }

  readOutgoing(
    range: OutgoingRange,
    done: (error: unknown, records: readonly OutgoingRecord[]) => void,
  ): void {
    this.#assertOpen();
    const records = this.#image.outgoing(range);
    queueMicrotask(() => done(undefined, records));
  }

  readEntry(
    table: EntryTable,
    key: string,
    done: (error: unknown, value: Uint8Array | undefined) => void,
  ): void {
    this.#assertOpen();
    const value = this.#image.entry(table, key);
    queueMicrotask(() => done(undefined, value));
  }

  readEntries(
    table: EntryTable,
    range: EntryRange,
    done: (error: unknown, entries: readonly StoreEntry[]) => void,
  ): void {
    this.#assertOpen();
    const entries = this.#image.entries(table, range);
    queueMicrotask(() => done(undefined, entries));
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return Promise.resolve();
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new TypeError('the store is not open');
  }
}
