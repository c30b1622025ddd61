import { FIRST_SEQ, type Position, type Seq } from '@wilco/protocol';

const LEAST_SLOTS = 16;
/** Of a ring that holds nothing; nothing is ever put into them. */
const NO_SLOTS: never[] = [];
const NO_ITEMS = new Map<Seq, never>();
/** An empty ring beyond this is let go of. */
const KEPT_SLOTS = 1_024;

/**
 * Items by seq, in a ring that grows by doubling: no hashing, no shifting, amortised
 * constant time for everything. Holds `[base, end)`; a place may be empty.
 *
 * A few that stay while thousands pass by them are moved aside: memory goes with the
 * number of items, not with the distance between the first and the last.
 */
export class SeqRing<Item> {
  #slots: (Item | undefined)[] = NO_SLOTS;
  /** Items in the slots. */
  #count = 0;
  /** What is below is aside, in ascending order. */
  #from: Position;
  #aside: Map<Seq, Item> = NO_ITEMS;
  #base: Position;
  #end: Position;

  constructor(base: Position = FIRST_SEQ) {
    this.#base = base;
    this.#from = base;
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

  /** How many places its memory has. */
  get size(): number {
    return this.#slots.length + this.#aside.size;
  }

  get(seq: Seq): Item | undefined {
    if (seq >= this.#end) return undefined;
    return seq < this.#from ? this.#aside.get(seq) : this.#slots[seq % this.#slots.length];
  }

  /** Puts an item, or nothing, at the end; returns its seq. */
  push(item: Item | undefined): Seq {
    if (this.#end - this.#from === this.#slots.length) this.#makeRoom();
    const seq = this.#end++;
    this.#slots[seq % this.#slots.length] = item;
    if (item !== undefined) this.#count += 1;
    return seq;
  }

  /** Puts nothing at the end, until that is at `position`. Costs nothing where nothing is before it. */
  skipTo(position: Position): void {
    if (this.#count === 0 && this.#aside.size === 0 && position > this.#end) {
      this.#base = this.#from = this.#end = position;
    }
    while (this.#end < position) this.push(undefined);
  }

  /** Empties a place. */
  clear(seq: Seq): void {
    if (seq >= this.#end) return;
    if (seq < this.#from) {
      this.#aside.delete(seq);
      return;
    }
    const slot = seq % this.#slots.length;
    if (this.#slots[slot] === undefined) return;
    this.#slots[slot] = undefined;
    this.#count -= 1;
  }

  /** Moves the base past empty places, at most to `limit`. */
  trim(limit: Position): void {
    const to = Math.min(limit, this.#end);
    if (this.#base < this.#from) {
      const [first] = this.#aside.keys();
      this.#base = Math.max(this.#base, Math.min(to, first ?? this.#from));
      if (this.#base < this.#from) return;
    }
    while (this.#base < to && this.#slots[this.#base % this.#slots.length] === undefined) {
      this.#base++;
    }
    this.#from = this.#base;
    if (this.#base === this.#end && this.#slots.length > KEPT_SLOTS) this.#slots = NO_SLOTS;
  }

  /** What is there, ascending. */
  *items(): Generator<Item> {
    yield* this.#aside.values();
    for (let seq = this.#from; seq < this.#end; seq++) {
      const item = this.get(seq);
      if (item !== undefined) yield item;
    }
  }

  #makeRoom(): void {
    if (this.#slots === NO_SLOTS || this.#count > this.#slots.length / 2) {
      this.#grow();
      return;
    }
    if (this.#aside === NO_ITEMS) this.#aside = new Map();
    const to = this.#from + this.#slots.length / 2;
    for (let seq = this.#from; seq < to; seq++) {
      const item = this.get(seq);
      if (item === undefined) continue;
      this.clear(seq);
      this.#aside.set(seq, item);
    }
    this.#from = to;
  }

  #grow(): void {
    const larger = new Array<Item | undefined>(Math.max(this.#slots.length * 2, LEAST_SLOTS));
    for (let seq = this.#from; seq < this.#end; seq++) {
      larger[seq % larger.length] = this.#slots[seq % this.#slots.length];
    }
    this.#slots = larger;
  }
}
