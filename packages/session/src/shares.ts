/** Something that takes a place, and whose it is. */
export interface Owned {
  readonly scope: string;
}

/**
 * Who takes how much of what all have in common. Whoever has most gives first, its oldest: so
 * nobody pushes out what is another's who has less. Each call costs the same however much there is.
 */
export class Shares<Item extends Owned> {
  readonly #shares = new Map<string, Set<Item>>();
  readonly #bySize = new Map<number, Set<Set<Item>>>();
  #most = 0;

  /** The oldest of whoever has most. */
  get next(): Item | undefined {
    const [share] = this.#bySize.get(this.#most) ?? [];
    return share?.values().next().value;
  }

  /** Adds an item as the newest of its owner. */
  add(item: Item): void {
    let share = this.#shares.get(item.scope);
    if (share === undefined) {
      share = new Set();
      this.#shares.set(item.scope, share);
    }
    const before = share.size;
    share.add(item);
    this.#sized(share, before);
  }

  /** Harmless where it is not there. */
  remove(item: Item): void {
    const share = this.#shares.get(item.scope);
    if (share?.delete(item) !== true) return;
    this.#sized(share, share.size + 1);
    if (share.size === 0) this.#shares.delete(item.scope);
  }

  /** A share has one more, or one less: the most there are changes by one at most, too. */
  #sized(share: Set<Item>, before: number): void {
    const { size } = share;
    if (size === before) return;
    const old = this.#bySize.get(before);
    old?.delete(share);
    const isLast = old?.size === 0;
    if (isLast) this.#bySize.delete(before);
    if (size > this.#most || (isLast && before === this.#most)) this.#most = size;
    if (size === 0) return;
    const others = this.#bySize.get(size);
    if (others === undefined) this.#bySize.set(size, new Set([share]));
    else others.add(share);
  }
}
