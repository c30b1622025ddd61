import { ENTRY_TABLES, type EntryTable, type StoreEntry } from '@wilco/protocol';
import type { EntryRange } from './store.ts';

/** The tables of entries of a store, in memory. */
export class EntryImage {
  readonly #tables = new Map(ENTRY_TABLES.map((name) => [name, new TableImage()]));

  /** How many entries there are. */
  get size(): number {
    let size = 0;
    for (const table of this.#tables.values()) size += table.values.size;
    return size;
  }

  put(table: EntryTable, key: string, value: Uint8Array): void {
    this.#table(table).put(key, value);
  }

  drop(table: EntryTable, key: string): void {
    this.#table(table).drop(key);
  }

  get(table: EntryTable, key: string): Uint8Array | undefined {
    return this.#table(table).values.get(key);
  }

  read(table: EntryTable, { after, limit }: EntryRange): StoreEntry[] {
    const { keys, values } = this.#table(table);
    const from = after === undefined ? 0 : keys.findIndex((key) => key > after);
    if (from === -1) return [];
    return keys
      .slice(from, from + limit)
      .map((key) => ({ key, value: values.get(key) as Uint8Array }));
  }

  /** An image of its own with the same entries. */
  clone(): EntryImage {
    const copy = new EntryImage();
    for (const [name, table] of this.#tables) {
      for (const [key, value] of table.values) copy.put(name, key, value);
    }
    return copy;
  }

  #table(name: EntryTable): TableImage {
    const table = this.#tables.get(name);
    if (table === undefined) throw new TypeError(`there is no table ${String(name)}`);
    return table;
  }
}

class TableImage {
  readonly values = new Map<string, Uint8Array>();
  /** Sorted when they are read, and only when they have changed. */
  #keys: readonly string[] | undefined;

  get keys(): readonly string[] {
    this.#keys ??= [...this.values.keys()].sort();
    return this.#keys;
  }

  put(key: string, value: Uint8Array): void {
    if (!this.values.has(key)) this.#keys = undefined;
    this.values.set(key, value);
  }

  drop(key: string): void {
    if (this.values.delete(key)) this.#keys = undefined;
  }
}
