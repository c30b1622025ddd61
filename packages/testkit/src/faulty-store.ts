import type {
  EntryTable,
  OutgoingRange,
  OutgoingRecord,
  StoreEntry,
  StoreOperation,
  Worth,
} from '@wilco/protocol';
import {
  memoryStore,
  StoreImage,
  type EntryRange,
  type OutgoingHead,
  type Store,
  type StoreContents,
  type StoreDamage,
} from '@wilco/store';
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
  /** How long a read takes: a random time up to this. Milliseconds. @defaultValue 0 */
  readonly readMs?: number;
  /**
   * Whether commits wait while it is full, for as long as it is. Otherwise what it keeps in reserve
   * is enough for them.
   *
   * @defaultValue `false`
   */
  readonly isStuckWhenFull?: boolean;
  /** What the next opening says is not as it was left. @defaultValue nothing */
  readonly damage?: readonly StoreDamage[];
}

/** How a {@link FaultyStore} is made. */
export interface FaultyStoreOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly storeId: string;
  /** What it claims that a completed commit survives. @defaultValue `'memory'` */
  readonly worth?: Worth;
  readonly faults?: StoreFaults;
  /** How much of a long outbox it gives at its opening. @defaultValue 1,024 messages and 4 MiB a channel */
  readonly head?: OutgoingHead;
}

/** Every way in which a {@link FaultyStore} misbehaves. */
export const STORE_FAULTS = ['slowCommit', 'failedCommit', 'hungCommit', 'lostCommit'] as const;

/** Checks effects as the store in memory does. */
const EFFECTS = memoryStore();

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
  /** Drops that are done and, in a crash, may not have reached the disk. */
  #unsynced: (readonly StoreOperation[])[] = [];
  #isFull = false;
  /** Commits that wait for room, in order. */
  readonly #stuck: (() => void)[] = [];
  #fullChanged: ((isFull: boolean) => void) | undefined;

  constructor(options: FaultyStoreOptions) {
    this.#options = options;
    this.worth = options.worth ?? 'memory';
    this.faults = options.faults ?? {};
    this.counts = { slowCommit: 0, failedCommit: 0, hungCommit: 0, lostCommit: 0 };
  }

  /** How many records it holds. */
  get size(): number {
    return this.#written().size;
  }

  /** What the effects of commits left: `put` and `del` by key, as in a batch of abstract-level. */
  get application(): ReadonlyMap<string, unknown> {
    return this.#written().application;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** The disk has too little room left for new messages, or has room again. */
  set isFull(isFull: boolean) {
    if (this.#isFull === isFull) return;
    this.#isFull = isFull;
    if (!isFull) for (const complete of this.#stuck.splice(0)) complete();
    this.#fullChanged?.(isFull);
  }

  watchFull(changed: (isFull: boolean) => void): void {
    this.#fullChanged = changed;
  }

  /** Whether a commit has failed, or was never answered. */
  get hasFailed(): boolean {
    return this.#hasFailed || this.#hasHung;
  }

  /** What is in it, whether or not it is open. */
  contents(): StoreContents {
    const { storeId, head } = this.#options;
    const sessions = this.#written().sessions(head);
    const damage = this.faults.damage ?? [];
    return { storeId, bootCount: this.#bootCount, sessions, damage };
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

  checkEffect(effect: unknown): void {
    EFFECTS.checkEffect(effect);
  }

  readOutgoing(
    range: OutgoingRange,
    done: (error: unknown, records: readonly OutgoingRecord[]) => void,
  ): void {
    this.#read((image) => done(undefined, image.outgoing(range)));
  }

  readEntry(
    table: EntryTable,
    key: string,
    done: (error: unknown, value: Uint8Array | undefined) => void,
  ): void {
    this.#read((image) => done(undefined, image.entry(table, key)));
  }

  readEntries(
    table: EntryTable,
    range: EntryRange,
    done: (error: unknown, entries: readonly StoreEntry[]) => void,
  ): void {
    this.#read((image) => done(undefined, image.entries(table, range)));
  }

  close(): Promise<void> {
    this.#isOpen = false;
    this.#fullChanged = undefined;
    return new Promise((resolve) => {
      this.#inOrder(0, resolve);
    });
  }

  /** The process died. Of the commits under way a random number, the first ones, made it to the disk. */
  crash(): FaultyStore {
    const survivors = this.#options.random.int(0, this.#pending.length);
    // Of the drops that nobody waited for the last may be lost, unless something later made it.
    if (survivors === 0 && this.#unsynced.length > 0) {
      this.#unsynced.length = this.#options.random.int(0, this.#unsynced.length);
    }
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
    copy.#image = this.#written().clone();
    Object.assign(copy.counts, this.counts);
    return copy;
  }

  #complete(pending: PendingCommit, done: (error?: unknown) => void): void {
    if (this.#isDead) return;
    if (this.#isFull && this.faults.isStuckWhenFull === true) {
      this.#stuck.push(() => this.#complete(pending, done));
      return;
    }
    this.#pending.splice(this.#pending.indexOf(pending), 1);
    if (this.#hasFailed) {
      this.counts.failedCommit += 1;
      done(new Error('the disk is full'));
      return;
    }
    if (pending.operations.every(isLazy)) this.#unsynced.push(pending.operations);
    else this.#written().apply(pending.operations);
    done();
  }

  /** What is on the disk, once all that was done has got there. */
  #written(): StoreImage {
    for (const operations of this.#unsynced) this.#image.apply(operations);
    this.#unsynced = [];
    return this.#image;
  }

  #read(look: (image: StoreImage) => void): void {
    if (this.#isDead) return;
    if (!this.#isOpen) throw new TypeError('the store is not open');
    const durationMs = this.#options.random.fraction() * (this.faults.readMs ?? 0);
    this.#after(durationMs, () => look(this.#written()));
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

/** What a store may still lose although it was done: the message only comes once more. */
function isLazy({ type }: StoreOperation): boolean {
  return type === 'dropOutgoing' || type === 'putSending' || type === 'dropEntry';
}
