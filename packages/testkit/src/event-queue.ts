/** Something to happen at a moment of virtual time. */
export interface QueuedEvent {
  readonly atMs: number;
  /** Events of the same moment happen in this order: the order in which they were added. */
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/**
 * Events by time, then by the order in which they were added, so that a run can be
 * repeated exactly. Adding and taking cost O(log n), cancelling O(1).
 */
export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #nextOrder = 0;
  #size = 0;

  /** Events that are neither taken nor cancelled. */
  get size(): number {
    return this.#size;
  }

  /** The order that the next event added will get. */
  get nextOrder(): number {
    return this.#nextOrder;
  }

  add(atMs: number, run: () => void): QueuedEvent {
    const event = { atMs, order: this.#nextOrder++, run, isCancelled: false };
    this.#heap.push(event);
    this.#up(this.#heap.length - 1);
    this.#size += 1;
    return event;
  }

  cancel(event: QueuedEvent): void {
    if (event.isCancelled) return;
    event.isCancelled = true;
    this.#size -= 1;
  }

  /** The next event, which stays. */
  peek(): QueuedEvent | undefined {
    while (this.#heap[0]?.isCancelled === true) this.#pop();
    return this.#heap[0];
  }

  /** The next event, which is gone from here. */
  take(): QueuedEvent | undefined {
    const event = this.peek();
    if (event === undefined) return undefined;
    this.#pop();
    this.cancel(event);
    return event;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down();
  }

  #up(from: number): void {
    const event = this.#heap[from] as QueuedEvent;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex] as QueuedEvent;
      if (isBefore(parent, event)) break;
      this.#heap[index] = parent;
      index = parentIndex;
    }
    this.#heap[index] = event;
  }

  #down(): void {
    const event = this.#heap[0] as QueuedEvent;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = this.#heap[childIndex];
      const right = this.#heap[childIndex + 1];
      if (child === undefined) break;
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childIndex += 1;
      }
      if (isBefore(event, child)) break;
      this.#heap[index] = child;
      index = childIndex;
    }
    this.#heap[index] = event;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
