import { WilcoError, type StoreOperation } from '@wilco/protocol';
import { CommitBatch, type CommitDone } from './commit-batch.ts';
import type { LevelDatabase, LevelWrite } from './level-database.ts';
import { RecordWriter } from './record-writer.ts';
import type { StoreClock } from './store-clock.ts';
import type { StoreState } from './store-state.ts';

/** What a queue is made of. */
export interface CommitQueueSetting {
  readonly database: LevelDatabase;
  readonly state: StoreState;
  readonly clock: StoreClock;
  /** Whether a commit survives a loss of power. */
  readonly isSynced: boolean;
  /** Whether the database copies what it is given before `batch()` returns. */
  readonly isCopying: boolean;
  /** The number of the newest commit, and since which one the marks of all are there. */
  readonly newest: number;
  readonly floor: number;
  /** A batch holds. */
  completed(number: number, bytes: number): void;
  /**
   * The disk had no room for a batch. Resolves when the database can be used again, and tells
   * whether that batch is in it; rejects when it is no use.
   */
  makeRoom(number: number): Promise<boolean>;
  /** Nothing holds any more from now on. */
  failed(error: WilcoError): void;
}

/** Commits that nobody waits for are written at the latest after this. Milliseconds. */
const LAZY_MS = 1_000;
/** One batch takes no more than about this. Bytes. */
const BATCH_BYTES = 4 * 1_048_576;
/** Marks of commits are cleared away after this many bytes, twice: the log of a database is shorter. */
const MARKS_BYTES = 8 * 1_048_576;

/** A change of the database that is no commit. */
interface Change {
  readonly run: () => Promise<void>;
  readonly done: () => void;
}

/**
 * Brings commits to the database: one batch at a time, and while it is being synced all that
 * comes becomes the next one. So one sync serves everybody who waits.
 */
export class CommitQueue {
  readonly #setting: CommitQueueSetting;
  readonly #writers: RecordWriter[] = [];
  #building: CommitBatch;
  readonly #sealed: CommitBatch[] = [];
  #writing: CommitBatch | undefined;
  #newest: number;
  #floor: number;
  /** From which mark on they are needed after the next clearing. */
  #nextFloor: number;
  #bytesSinceFloor = 0;
  #clearableMarks = 0;
  #error: WilcoError | undefined;
  #cancelLazy: (() => void) | undefined;
  #idle: (() => void)[] = [];
  readonly #changes: Change[] = [];
  #isChanging = false;

  constructor(setting: CommitQueueSetting) {
    this.#setting = setting;
    this.#newest = setting.newest;
    this.#floor = setting.floor;
    this.#nextFloor = setting.newest + 1;
    this.#building = this.#newBatch();
  }

  /** The first commit that failed is the end: what it failed with. */
  get error(): WilcoError | undefined {
    return this.#error;
  }

  /** Marks of commits below this number are not needed, and the database knows it. */
  get clearableMarks(): number {
    return this.#clearableMarks;
  }

  /** Something else is broken: nothing is committed any more. */
  fail(cause: unknown): void {
    this.#fail(cause);
  }

  /** @throws TypeError for what no store could keep; it has failed then. */
  add(operations: readonly StoreOperation[], done: CommitDone): void {
    if (this.#error !== undefined) {
      const error = this.#error;
      queueMicrotask(() => done(error));
      return;
    }
    const isUrgentAlready = this.#building.isUrgent;
    try {
      this.#building.add(operations);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    if (this.#building.isUrgent) this.#building.waiting.push(done);
    else this.#addLazily(done);
    if (this.#building.bytes > BATCH_BYTES) this.#seal();
    if (!isUrgentAlready) this.#flush();
  }

  /** Changes of the database that go along with the next commit. */
  addWrites(writes: readonly LevelWrite[]): void {
    if (this.#error !== undefined) return;
    this.#building.addWrites(writes);
    this.#planLazy();
  }

  /** What was told as done is what a read of entries finds. */
  async entriesWritten(): Promise<void> {
    if (this.#building.hasEntryDrops) await this.drained();
  }

  /**
   * Changes the database while no batch is under way, and before the next one. A change that
   * fails for want of room takes with it what is written behind it, as a batch does: the
   * database is opened again first. Never rejects.
   */
  alone(run: () => Promise<void>): Promise<void> {
    if (this.#error !== undefined) return Promise.resolve();
    return new Promise((done) => {
      this.#changes.push({ run, done });
      this.#flush();
    });
  }

  /** Everything that was added is in the database, or has failed. */
  async drained(): Promise<void> {
    this.#building.isUrgent ||= !this.#building.isEmpty;
    this.#flush();
    if (this.#writing === undefined && !this.#isChanging) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Nobody waits for it: it is done when what came before is, and goes along with what follows. */
  #addLazily(done: CommitDone): void {
    const before = this.#sealed.at(-1) ?? this.#writing;
    if (before === undefined) queueMicrotask(done);
    else before.waiting.push(done);
    this.#planLazy();
  }

  #planLazy(): void {
    const { clock } = this.#setting;
    this.#cancelLazy ??= clock.schedule(clock.nowMs() + LAZY_MS, () => {
      this.#cancelLazy = undefined;
      this.#building.isUrgent ||= !this.#building.isEmpty;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#writing !== undefined || this.#isChanging || this.#error !== undefined) return;
    const change = this.#changes.shift();
    if (change !== undefined) {
      this.#isChanging = true;
      void this.#change(change);
      return;
    }
    if (this.#sealed.length === 0 && this.#building.isUrgent) this.#seal();
    const batch = this.#sealed.shift();
    if (batch === undefined) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#writing = batch;
    void this.#write(batch);
  }

  #seal(): void {
    this.#cancelLazy?.();
    this.#cancelLazy = undefined;
    const batch = this.#building;
    this.#newest += 1;
    batch.seal(this.#newest, this.#floor);
    this.#sealed.push(batch);
    this.#building = this.#newBatch();
  }

  async #change({ run, done }: Change): Promise<void> {
    try {
      await run().catch(async (error: unknown) => {
        if (!isNoSpace(error)) throw error;
        await this.#setting.makeRoom(this.#newest);
      });
    } catch (error) {
      this.#fail(error);
    }
    this.#isChanging = false;
    done();
    this.#flush();
  }

  async #write(batch: CommitBatch): Promise<void> {
    try {
      while (!(await this.#tryToWrite(batch)));
    } catch (error) {
      this.#fail(error);
    }
    if (this.#error === undefined) this.#completed(batch);
  }

  /** `false`: there was no room for it, and there may be some now. */
  async #tryToWrite(batch: CommitBatch): Promise<boolean> {
    const { database, isSynced } = this.#setting;
    try {
      await database.batch(batch.writes, { sync: isSynced });
      return true;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      return this.#setting.makeRoom(batch.number);
    }
  }

  #completed(batch: CommitBatch): void {
    const { number, writtenBytes: bytes } = batch;
    batch.completed(this.#setting.isCopying);
    this.#writers.push(batch.writer);
    this.#writing = undefined;
    this.#clearableMarks = batch.floor;
    this.#bytesSinceFloor += bytes;
    if (this.#bytesSinceFloor >= MARKS_BYTES) {
      this.#bytesSinceFloor = 0;
      this.#floor = this.#nextFloor;
      this.#nextFloor = number + 1;
    }
    this.#setting.completed(number, bytes);
    // What follows is under way before anybody is told: the disk does not wait for them.
    this.#flush();
    for (const done of batch.waiting) done();
  }

  #fail(cause: unknown): void {
    if (this.#error !== undefined) return;
    this.#error = WilcoError.is(cause)
      ? cause
      : new WilcoError('WILCO_STORE_FAILED', `a commit failed: ${String(cause)}`, { cause });
    this.#cancelLazy?.();
    const batches = [this.#writing, ...this.#sealed.splice(0), this.#building];
    this.#writing = undefined;
    this.#building = this.#newBatch();
    this.#setting.failed(this.#error);
    for (const batch of batches) for (const done of batch?.waiting ?? []) done(this.#error);
    for (const { done } of this.#changes.splice(0)) done();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #newBatch(): CommitBatch {
    return new CommitBatch(this.#setting.state, this.#writers.pop() ?? new RecordWriter());
  }
}

/** Whether it failed for want of room. */
export function isNoSpace(error: unknown): boolean {
  const { message, code, cause } = error as {
    readonly message?: unknown;
    readonly code?: unknown;
    readonly cause?: unknown;
  };
  if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  if (/No space left on device|Disk quota exceeded/.test(String(message))) return true;
  return typeof cause === 'object' && !!cause && isNoSpace(cause);
}
