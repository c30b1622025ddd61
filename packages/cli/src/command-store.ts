import type { Store, StoreContents } from '@wilco/store';
import { levelStore, type LevelStore, type OwnDatabase } from '@wilco/store/level';
import { CommandError } from './exit-codes.ts';

/** One write beside the messages of a store: how far a file has come. */
export interface PositionWrite {
  readonly type: 'put';
  readonly key: string;
  readonly value: unknown;
}

/**
 * The store of a command, open before anything is connected: the positions of its files, which are
 * kept in the same commits as the messages, are needed first.
 */
export class CommandStore {
  /** For `connect` or `listen`. */
  readonly store: Store;
  readonly #database: OwnDatabase;

  private constructor(store: LevelStore<OwnDatabase>, contents: StoreContents) {
    this.store = new OpenStore(store, contents);
    this.#database = store.database;
  }

  /** @throws CommandError where the folder can't be used. */
  static async open(path: string): Promise<CommandStore> {
    const store = levelStore(path);
    try {
      return new CommandStore(store, await store.open());
    } catch (error) {
      throw new CommandError(`--store ${path}: ${messageOf(error)}`);
    }
  }

  /** What was kept under this name; `undefined`: nothing. */
  async position<Position>(name: string): Promise<Position | undefined> {
    return (await this.#database.get(name)) as Position | undefined;
  }

  /** Keeps a position now, for good. */
  async keep(key: string, value: object): Promise<void> {
    try {
      await this.#database.put(key, value, { sync: true });
    } catch (error) {
      throw new CommandError(`--store: ${messageOf(error)}`);
    }
  }

  /** Keeps a position, as part of the commit of a message. */
  static write(key: string, value: object): PositionWrite {
    return { type: 'put', key, value };
  }
}

/** A store that was opened already. */
class OpenStore implements Store {
  readonly #store: Store;
  readonly #contents: StoreContents;

  constructor(store: Store, contents: StoreContents) {
    this.#store = store;
    this.#contents = contents;
  }

  get worth(): Store['worth'] {
    return this.#store.worth;
  }

  get isVolatile(): boolean {
    return this.#store.isVolatile;
  }

  get isFull(): boolean {
    return this.#store.isFull;
  }

  open(): Promise<StoreContents> {
    return Promise.resolve(this.#contents);
  }

  watchFull(changed: (isFull: boolean) => void): void {
    this.#store.watchFull(changed);
  }

  commit(...given: Parameters<Store['commit']>): void {
    this.#store.commit(...given);
  }

  checkEffect(effect: unknown): void {
    this.#store.checkEffect(effect);
  }

  readOutgoing(...given: Parameters<Store['readOutgoing']>): void {
    this.#store.readOutgoing(...given);
  }

  readEntry(...given: Parameters<Store['readEntry']>): void {
    this.#store.readEntry(...given);
  }

  readEntries(...given: Parameters<Store['readEntries']>): void {
    this.#store.readEntries(...given);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
