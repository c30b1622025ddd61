import type { StoreOperation, Worth } from '@wilco/protocol';
import type { Store, StoreContents } from './store.ts';
import { StoreImage } from './store-image.ts';

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
}

/**
 * Keeps sessions in memory: fast, and gone with the process.
 *
 * By default it is volatile: the endpoint commits nothing to it. With `keep`, it holds
 * everything and survives `close()`, though not the process; it completes each commit
 * in a microtask.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly worth: Worth = 'memory';
  readonly isVolatile: boolean;
  readonly #storeId: string;
  readonly #image = new StoreImage();
  #bootCount = 0;
  #isOpen = false;

  constructor(options: MemoryStoreOptions) {
    this.isVolatile = options.keep !== true;
    this.#storeId = options.storeId ?? globalThis.crypto.randomUUID();
  }

  open(): Promise<StoreContents> {
    if (this.#isOpen) return Promise.reject(new TypeError('the store is open already'));
    this.#isOpen = true;
    this.#bootCount += 1;
    return Promise.resolve({
      storeId: this.#storeId,
      bootCount: this.#bootCount,
      sessions: this.#image.sessions(),
    });
  }

  commit(operations: readonly StoreOperation[], done: (error?: unknown) => void): void {
    if (!this.#isOpen) throw new TypeError('the store is not open');
    if (!this.isVolatile) this.#image.apply(operations);
    queueMicrotask(done);
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return Promise.resolve();
  }
}
