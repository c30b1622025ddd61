import type { StoreOperation, Worth } from '@wilco/protocol';
import { StoreImage, type Store, type StoreContents } from '@wilco/store';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How a {@link FaultyStore} misbehaves. */
export interface StoreFaults {
  /** How long a commit takes: a random time up to this. Milliseconds. @defaultValue 0 */
  readonly commitMs?: number;
  /** How long opening takes. Milliseconds. @defaultValue 0 */
  readonly openMs?: number;
  /** The share of commits that fail. After one, all fail. 0 to 1. @defaultValue 0 */
  readonly failRate?: number;
  /** The share of commits that are never answered. After one, none is. 0 to 1. @defaultValue 0 */
  readonly hangRate?: number;
  /** Whether opening fails. @defaultValue `false` */
  readonly isBroken?: boolean;
}

/** How a {@link FaultyStore} is made. */
export interface FaultyStoreOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly storeId: string;
  /** What it claims that a completed commit survives. @defaultValue `'memory'` */
  readonly worth?: Worth;
  readonly faults?: StoreFaults;
}

/** Every way in which a {@link FaultyStore} misbehaves. */
export const STORE_FAULTS = ['slowCommit', 'failedCommit', 'hungCommit', 'lostCommit'] as const;

/** The name of a fault of a {@link FaultyStore}. */
export type StoreFault = (typeof STORE_FAULTS)[number];

interface PendingCommit {
  readonly operations: readonly StoreOperation[];
}

/**
 * A store whose disk is slow, fails, hangs, loses what was not synced, or is set back
 * to an older state: on virtual time, and reproducibly. It keeps what was committed.
 *
 * A crash makes a new object out of it; the old one is dead and holds nothing.
 */
export class FaultyStore implements Store {
  readonly worth: Worth;
  readonly isVolatile = false;
  /** What is wrong with it; may be changed at any time. */
  faults: StoreFaults;
  /** How often each fault happened, this store's predecessors included. */
  readonly counts: Record<StoreFault, number>;
  readonly #options: FaultyStoreOptions;
  #image = new StoreImage();
  #bootCount = 0;
  #isOpen = false;
  #isDead = false;
  #hasFailed = false;
  #hasHung = false;
  /** Commits complete in their order. */
  #lastCommitMs = 0;
  readonly #pending: PendingCommit[] = [];

  constructor(options: FaultyStoreOptions) {
    this.#options = options;
    this.worth = options.worth ?? 'memory';
    this.faults = options.faults ?? {};
    this.counts = { slowCommit: 0, failedCommit: 0, hungCommit: 0, lostCommit: 0 };
  }

  /** How many records it holds. */
  get size(): number {
    return this.#image.size;
  }

  /** Whether a commit has failed, or was never answered. */
  get hasFailed(): boolean {
    return this.#hasFailed || this.#hasHung;
  }

  /** What is in it, whether or not it is open. */
  contents(): StoreContents {
    const { storeId } = this.#options;
    return { storeId, bootCount: this.#bootCount, sessions: this.#image.sessions() };
  }

  open(): Promise<StoreContents> {
    if (this.#isOpen) return Promise.reject(new TypeError('the store is open already'));
    this.#isOpen = true;
    this.#bootCount += 1;
    return new Promise((resolve, reject) => {
      this.#after(this.faults.openMs ?? 0, () => {
        if (this.faults.isBroken === true) reject(new Error('the disk can not be read'));
        else resolve(this.contents());
      });
    });
  }

  commit(operations: readonly StoreOperation[], done: (error?: unknown) => void): void {
    if (this.#isDead) return;
    if (!this.#isOpen) throw new TypeError('the store is not open');
    const { random } = this.#options;
    this.#hasHung ||= random.chance(this.faults.hangRate ?? 0);
    this.#hasFailed ||= random.chance(this.faults.failRate ?? 0);
    if (this.#hasHung) {
      this.counts.hungCommit += 1;
      return;
    }
    const durationMs = random.fraction() * (this.faults.commitMs ?? 0);
    if (durationMs >= 1) this.counts.slowCommit += 1;
    const pending = { operations };
    this.#pending.push(pending);
    this.#inOrder(durationMs, () => this.#complete(pending, done));
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return new Promise((resolve) => {
      this.#inOrder(0, resolve);
    });
  }

  /** The process died. Of the commits under way a random number, the first ones, made it to the disk. */
  crash(): FaultyStore {
    const survivors = this.#options.random.int(0, this.#pending.length);
    const heir = this.clone();
    if (!this.#hasFailed) {
      for (const { operations } of this.#pending.slice(0, survivors)) heir.#image.apply(operations);
    }
    heir.counts.lostCommit += this.#pending.length - survivors;
    this.#isDead = true;
    return heir;
  }

  /** The disk was wiped: a new store, with a new id and nothing in it. */
  wipe(storeId: string): FaultyStore {
    this.#isDead = true;
    const heir = new FaultyStore({ ...this.#options, storeId, faults: this.faults });
    Object.assign(heir.counts, this.counts);
    return heir;
  }

  /** A copy of what is completed, with the same id, not open: for a backup, or for a thief. */
  clone(): FaultyStore {
    const copy = new FaultyStore({ ...this.#options, faults: this.faults });
    copy.#bootCount = this.#bootCount;
    copy.#image = this.#image.clone();
    Object.assign(copy.counts, this.counts);
    return copy;
  }

  #complete(pending: PendingCommit, done: (error?: unknown) => void): void {
    this.#pending.splice(this.#pending.indexOf(pending), 1);
    if (this.#hasFailed) {
      this.counts.failedCommit += 1;
      done(new Error('the disk is full'));
      return;
    }
    this.#image.apply(pending.operations);
    done();
  }

  #inOrder(durationMs: number, run: () => void): void {
    const atMs = Math.max(this.#lastCommitMs, this.#options.clock.nowMs() + durationMs);
    this.#lastCommitMs = atMs;
    this.#after(atMs - this.#options.clock.nowMs(), run);
  }

  #after(durationMs: number, run: () => void): void {
    const { clock } = this.#options;
    clock.schedule(clock.nowMs() + durationMs, () => {
      if (!this.#isDead) run();
    });
  }
}
