import { FIRST_SEQ, type Position, type Seq } from '@wilco/protocol';

/**
 * Items by seq, in a ring that grows by doubling: no hashing, no shifting, constant
 * time for everything. Holds `[base, end)`; a place may be empty.
 */
export class SeqRing<Item> {
  #items: (Item | undefined)[] = new Array<Item | undefined>(16);
  #mask = 15;
  #base: Position;
  #end: Position;

  constructor(base: Position = FIRST_SEQ) {
    this.#base = base;
    this.#end = base;
  }

  /** The lowest seq that is kept. */
  get base(): Position {
    return this.#base;
  }

  /** One past the highest seq. */
  get end(): Position {
    return this.#end;
  }

  get(seq: Seq): Item | undefined {
    if (seq < this.#base || seq >= this.#end) return undefined;
    return this.#items[seq % this.#items.length];
  }

  /** Puts an item, or nothing, at the end; returns its seq. */
  push(item: Item | undefined): Seq {
    if (this.#end - this.#base > this.#mask) this.#grow();
    const seq = this.#end++;
    this.#items[seq % this.#items.length] = item;
    return seq;
  }

  /** Empties a place. */
  clear(seq: Seq): void {
    if (seq < this.#base || seq >= this.#end) return;
    this.#items[seq % this.#items.length] = undefined;
  }

  /** Moves the base past empty places, at most to `limit`. */
  trim(limit: Position): void {
    const to = Math.min(limit, this.#end);
    while (this.#base < to && this.#items[this.#base % this.#items.length] === undefined) {
      this.#base++;
    }
  }

  /** What is there, ascending. */
  *items(): Generator<Item> {
    for (let seq = this.#base; seq < this.#end; seq++) {
      const item = this.get(seq);
      if (item !== undefined) yield item;
    }
  }

  #grow(): void {
    const larger = new Array<Item | undefined>(this.#items.length * 2);
    for (let seq = this.#base; seq < this.#end; seq++) {
      larger[seq % larger.length] = this.#items[seq % this.#items.length];
    }
    this.#items = larger;
    this.#mask = larger.length - 1;
  }
}
