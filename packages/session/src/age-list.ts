/** Something that knows its neighbours in an {@link AgeList}. */
export interface Aged<Item> {
  /** Since when it is as it is, in milliseconds since 1970. Changed only by the list. */
  ageWallMs: number;
  older: Item | undefined;
  newer: Item | undefined;
}

/** Things in the order of their age. Adding, touching and removing cost O(1). */
export class AgeList<Item extends Aged<Item>> {
  #oldest: Item | undefined;
  #newest: Item | undefined;

  get oldest(): Item | undefined {
    return this.#oldest;
  }

  /** Adds an item as the newest, with the age that it has. */
  add(item: Item): void {
    item.older = this.#newest;
    item.newer = undefined;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
  }

  remove(item: Item): void {
    if (item.older === undefined) this.#oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) this.#newest = item.older;
    else item.newer.older = item.older;
    item.older = item.newer = undefined;
  }

  /** It has changed now: it is the newest. */
  touch(item: Item, nowWallMs: number): void {
    item.ageWallMs = nowWallMs;
    if (this.#newest === item) return;
    this.remove(item);
    this.add(item);
  }
}
