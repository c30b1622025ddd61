/** Reads items one by one, or many at a time, as the iterators of abstract-level do. */
export class VirtualIterator<Item> implements AsyncIterable<Item> {
  readonly #items: readonly Item[];
  readonly #read: () => Promise<void>;
  #next = 0;
  #isClosed = false;

  /** @param read - Resolves when the disk has given what is asked for. */
  constructor(items: readonly Item[], read: () => Promise<void>) {
    this.#items = items;
    this.#read = read;
  }

  async next(): Promise<Item | undefined> {
    const [item] = await this.nextv(1);
    return item;
  }

  /** At most `size` more; none at the end. */
  async nextv(size: number): Promise<Item[]> {
    if (this.#isClosed) {
      const error = new Error('Iterator is not open: cannot call nextv() after close()');
      throw Object.assign(error, { code: 'LEVEL_ITERATOR_NOT_OPEN' });
    }
    await this.#read();
    const items = this.#items.slice(this.#next, this.#next + size);
    this.#next += items.length;
    return items;
  }

  /** All that is left; closes it. */
  async all(): Promise<Item[]> {
    const items = await this.nextv(Infinity);
    await this.close();
    return items;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Item> {
    try {
      for (let items = await this.nextv(100); items.length > 0; items = await this.nextv(100)) {
        yield* items;
      }
    } finally {
      await this.close();
    }
  }
}
