import type { StoreClock } from './store-clock.ts';

/** Tells how much room there is for a store. */
export interface DiskSpace {
  /** Bytes that may still be written; `undefined` where nobody knows. */
  freeBytes(): Promise<number | undefined>;
}

/** How often is asked while anything is written, and while it is full. Milliseconds. */
const ASK_EVERY_MS = 1_000;
/** Asked as well after so many bytes, whatever the time. */
const ASK_EVERY_BYTES = 8 * 1_048_576;

/**
 * Watches the room on a disk. What a store keeps in reserve is for settling what it holds:
 * new messages are refused before it is touched, and taken again when there is a little more.
 */
export class RoomWatch {
  readonly #space: DiskSpace | undefined;
  readonly #reserveBytes: number;
  readonly #clock: StoreClock;
  #changed: ((isFull: boolean) => void) | undefined;
  #isFull = false;
  #isAsking = false;
  #nextMs = 0;
  #bytes = 0;
  #cancel: (() => void) | undefined;

  constructor(space: DiskSpace | undefined, reserveBytes: number, clock: StoreClock) {
    this.#space = space;
    this.#reserveBytes = reserveBytes;
    this.#clock = clock;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Calls `changed` whenever {@link isFull} has changed. */
  watch(changed: ((isFull: boolean) => void) | undefined): void {
    this.#changed = changed;
  }

  /** So many bytes were written. */
  wrote(bytes: number): void {
    this.#bytes += bytes;
    if (this.#space === undefined || this.#isAsking) return;
    if (this.#bytes < ASK_EVERY_BYTES && this.#clock.nowMs() < this.#nextMs) return;
    void this.ask();
  }

  /** A write found no room. */
  foundNone(): void {
    this.#set(true);
  }

  /** A write found room after all. */
  foundSome(): void {
    if (this.#space === undefined) this.#set(false);
    else void this.ask();
  }

  /** Asks now. */
  async ask(): Promise<void> {
    if (this.#space === undefined || this.#isAsking) return;
    this.#isAsking = true;
    const freeBytes = await this.#space.freeBytes().catch(() => undefined);
    this.#isAsking = false;
    this.#bytes = 0;
    this.#nextMs = this.#clock.nowMs() + ASK_EVERY_MS;
    if (freeBytes === undefined) return;
    // A little more than the reserve, or it would go to and fro.
    const wanted = this.#isFull ? this.#reserveBytes * 1.25 : this.#reserveBytes;
    this.#set(freeBytes < wanted);
  }

  stop(): void {
    this.#cancel?.();
    this.#changed = undefined;
  }

  #set(isFull: boolean): void {
    if (isFull) this.#askAgain();
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#changed?.(isFull);
  }

  /** While it is full nothing may be written that would ask. */
  #askAgain(): void {
    if (this.#space === undefined) return;
    this.#cancel?.();
    this.#cancel = this.#clock.schedule(this.#clock.nowMs() + ASK_EVERY_MS, () => void this.ask());
  }
}
