/** Something that has a deadline and knows its own place in the heap. */
export interface Timed {
  /** On the driver's clock. Changed only by {@link DeadlineHeap}. */
  deadlineMs: number;
  /** Its place in the heap, or -1. Changed only by {@link DeadlineHeap}. */
  heapIndex: number;
}

/** Of a heap that nothing was ever put into. */
const NO_ITEMS: never[] = [];

/**
 * Deadlines, the earliest first. Adding and removing cost O(log n), and what is removed
 * is gone: a million short-lived deadlines leave nothing behind.
 */
export class DeadlineHeap<Item extends Timed> {
  #items: Item[] = NO_ITEMS;

  get size(): number {
    return this.#items.length;
  }

  /** The earliest deadline, `Infinity` for none. */
  get earliestMs(): number {
    return this.#items[0]?.deadlineMs ?? Infinity;
  }

  /** Adds an item, or moves it to another deadline. */
  set(item: Item, deadlineMs: number): void {
    if (item.heapIndex === -1) {
      if (this.#items === NO_ITEMS) this.#items = [];
      item.heapIndex = this.#items.length;
      this.#items.push(item);
    }
    item.deadlineMs = deadlineMs;
    this.#up(item.heapIndex);
    this.#down(item.heapIndex);
  }

  /** Removes an item, if it is here. */
  remove(item: Item): void {
    const index = item.heapIndex;
    if (index === -1) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#place(last, index);
    this.#up(index);
    this.#down(last.heapIndex);
  }

  /** Takes out the earliest item that is due, if any is. */
  takeDue(nowMs: number): Item | undefined {
    const first = this.#items[0];
    if (first === undefined || first.deadlineMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  #place(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #up(from: number): void {
    const item = this.#items[from] as Item;
    let index = from;
    while (index > 0) {
      const parent = this.#items[(index - 1) >> 1] as Item;
      if (parent.deadlineMs <= item.deadlineMs) break;
      this.#place(parent, index);
      index = (index - 1) >> 1;
    }
    this.#place(item, index);
  }

  #down(from: number): void {
    const item = this.#items[from] as Item;
    let index = from;
    for (;;) {
      let child = this.#items[2 * index + 1];
      const right = this.#items[2 * index + 2];
      if (child === undefined) break;
      if (right !== undefined && right.deadlineMs < child.deadlineMs) child = right;
      if (child.deadlineMs >= item.deadlineMs) break;
      const next = child.heapIndex;
      this.#place(child, index);
      index = next;
    }
    this.#place(item, index);
  }
}
