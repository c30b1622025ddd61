/** Windows may grow while less than this part of the budget is reserved. */
const GROWTH_SHARE = 0.5;
/** The windows of new sessions and large messages leave the rest of the budget to each other. */
const OPENING_SHARE = 0.75;
/** How many windows are looked at, each time that room is wanted. */
const ASKED_AT_ONCE = 32;

/** Who holds memory of the budget that it can do without. */
export interface BudgetHolder {
  /**
   * Is to give back what it can spare, now or as soon as its peer knows.
   *
   * @param rivalBytes - What the one who asks would hold then.
   * @returns the bytes that come back.
   */
  giveBack(rivalBytes: number, nowMs: number): number;
}

/**
 * The memory that all windows of a process may promise together. What was granted is
 * reserved here first, so granted windows never sum above it.
 *
 * A quarter is kept for the first windows of sessions, and a quarter for large messages,
 * whatever the others hold: windows grow below a half, large messages wait above three
 * quarters, unless they themselves hold less than a quarter.
 */
export class WindowBudget {
  readonly #capacityBytes: number;
  #reservedBytes = 0;
  #assemblyBytes = 0;
  readonly #waiting = new Set<() => void>();
  /** Those that were used or asked longest ago come first. */
  readonly #holders = new Set<BudgetHolder>();
  /** The last of them. */
  #lastUsed: BudgetHolder | undefined;

  /** @param capacityBytes - Bytes; the default of an endpoint is 268_435_456 (256 MiB). */
  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  get freeBytes(): number {
    return this.#capacityBytes - this.#reservedBytes;
  }

  /** Takes `bytes` out of the budget, or nothing and returns `false`. */
  reserve(bytes: number): boolean {
    if (this.#reservedBytes + bytes > this.#capacityBytes) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  /** {@link reserve}, for the first window of a session. */
  reserveFirst(bytes: number): boolean {
    const windowBytes = this.#reservedBytes - this.#assemblyBytes;
    if (windowBytes + bytes > this.#capacityBytes * OPENING_SHARE) return false;
    return this.reserve(bytes);
  }

  /** {@link reserve}, for what a window grows by. */
  reserveGrowth(bytes: number): boolean {
    return this.#reservedBytes + bytes <= this.#capacityBytes * GROWTH_SHARE && this.reserve(bytes);
  }

  /** {@link reserve}, for a large message. */
  reserveAssembly(bytes: number): boolean {
    const isInShare = this.#assemblyBytes + bytes <= this.#capacityBytes * (1 - OPENING_SHARE);
    const leavesRoom = this.#reservedBytes + bytes <= this.#capacityBytes * OPENING_SHARE;
    if ((!isInShare && !leavesRoom) || !this.reserve(bytes)) return false;
    this.#assemblyBytes += bytes;
    return true;
  }

  /** Takes what is used already, whatever there is: what a store held. */
  take(windowBytes: number, assemblyBytes: number): void {
    this.#reservedBytes += windowBytes + assemblyBytes;
    this.#assemblyBytes += assemblyBytes;
  }

  /** Gives back what was reserved; those who wait for room are told once. */
  release(bytes: number): void {
    if (bytes === 0) return;
    this.#reservedBytes -= bytes;
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const retry of waiting) retry();
  }

  /** Gives back what a large message took. */
  releaseAssembly(bytes: number): void {
    this.#assemblyBytes -= bytes;
    this.release(bytes);
  }

  /** Calls `retry` once, when something was given back. */
  whenReleased(retry: () => void): void {
    this.#waiting.add(retry);
  }

  /** Forgets a waiting `retry`. */
  forget(retry: () => void): void {
    this.#waiting.delete(retry);
  }

  /** A holder was used: it is asked last. */
  used(holder: BudgetHolder): void {
    if (holder === this.#lastUsed) return;
    this.#lastUsed = holder;
    this.#holders.delete(holder);
    this.#holders.add(holder);
  }

  /** A holder has nothing any more. */
  left(holder: BudgetHolder): void {
    if (holder === this.#lastUsed) this.#lastUsed = undefined;
    this.#holders.delete(holder);
  }

  /**
   * Asks the others for room, those first that used theirs longest ago. It comes when
   * their peers know; `rivalBytes` is what the one who asks would hold then.
   */
  takeBack(bytes: number, asker: BudgetHolder, rivalBytes: number, nowMs: number): void {
    let missing = bytes;
    let asked = 0;
    // Who was asked goes to the end, so that all have their turn, however many there are.
    for (const holder of this.#holders) {
      if (missing <= 0 || asked === ASKED_AT_ONCE || asked === this.#holders.size) return;
      asked += 1;
      this.used(holder);
      if (holder !== asker) missing -= holder.giveBack(rivalBytes, nowMs);
    }
  }
}
