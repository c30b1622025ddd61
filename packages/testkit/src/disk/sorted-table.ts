/** A key as text: one character for each byte, so that texts compare as the bytes do. */
export type TableKey = string;

/** What part of a table is meant. Missing ends are open. */
export interface TableRange {
  readonly gt?: TableKey | undefined;
  readonly gte?: TableKey | undefined;
  readonly lt?: TableKey | undefined;
  readonly lte?: TableKey | undefined;
}

/** Keys in order, each with a value. Finding costs O(log n), a new key O(n) of a fast copy. */
export class SortedTable {
  readonly #keys: TableKey[];
  readonly #values: Map<TableKey, Uint8Array>;

  constructor(keys: TableKey[] = [], values = new Map<TableKey, Uint8Array>()) {
    this.#keys = keys;
    this.#values = values;
  }

  get size(): number {
    return this.#keys.length;
  }

  /** Bytes of all keys and values. */
  get bytes(): number {
    let bytes = 0;
    for (const [key, value] of this.#values) bytes += key.length + value.length;
    return bytes;
  }

  get(key: TableKey): Uint8Array | undefined {
    return this.#values.get(key);
  }

  put(key: TableKey, value: Uint8Array): void {
    if (!this.#values.has(key)) this.#keys.splice(this.#placeOf(key), 0, key);
    this.#values.set(key, value);
  }

  delete(key: TableKey): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#placeOf(key), 1);
  }

  /** The keys of a range, ascending: a list of its own. */
  keys(range: TableRange = {}): TableKey[] {
    return this.#keys.slice(this.#startOf(range), this.#endOf(range));
  }

  /** All values, in the order of their keys. */
  *values(): IterableIterator<Uint8Array> {
    for (const key of this.#keys) {
      const value = this.#values.get(key);
      if (value !== undefined) yield value;
    }
  }

  clone(): SortedTable {
    return new SortedTable([...this.#keys], new Map(this.#values));
  }

  #startOf({ gt, gte }: TableRange): number {
    const fromGte = gte === undefined ? 0 : this.#placeOf(gte);
    return gt === undefined ? fromGte : Math.max(fromGte, this.#placeAfter(gt));
  }

  #endOf({ lt, lte }: TableRange): number {
    const toLt = lt === undefined ? this.#keys.length : this.#placeOf(lt);
    return lte === undefined ? toLt : Math.min(toLt, this.#placeAfter(lte));
  }

  #placeAfter(key: TableKey): number {
    const place = this.#placeOf(key);
    return this.#keys[place] === key ? place + 1 : place;
  }

  /** Where the key is, or would be. */
  #placeOf(key: TableKey): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as TableKey) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The bytes of a key. */
export function bytesOfKey(key: TableKey): Buffer {
  return Buffer.from(key, 'latin1');
}

/** A key from its bytes, or from a text as UTF-8. */
export function keyOf(key: Uint8Array | string): TableKey {
  if (typeof key === 'string') return Buffer.from(key, 'utf8').toString('latin1');
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
