import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { VirtualProcess } from '../virtual-process.ts';
import type { TableChange } from './disk-image.ts';
import { bytesOfKey, keyOf, type TableKey, type TableRange } from './sorted-table.ts';
import type { VirtualDisk } from './virtual-disk.ts';
import { VirtualIterator } from './virtual-iterator.ts';

/** A key or a value, as an application gives it. */
type Data = Uint8Array | string;

/** One change in a batch. */
export type DatabaseOperation =
  | { readonly type: 'put'; readonly key: Data; readonly value: Data }
  | { readonly type: 'del'; readonly key: Data };

/** Which keys are meant, how many, and in which direction. */
export interface DatabaseRange {
  readonly gt?: Data;
  readonly gte?: Data;
  readonly lt?: Data;
  readonly lte?: Data;
  readonly limit?: number;
  readonly reverse?: boolean;
  readonly keys?: boolean;
  readonly values?: boolean;
}

interface PendingWrite {
  readonly atMs: number;
  readonly changes: readonly TableChange[];
  readonly isSynced: boolean;
  /** With what it fails, and what that leaves behind. */
  readonly failure: { readonly error: Error; readonly leave: () => void } | undefined;
}

/**
 * The part of an abstract-level database that a store needs, on a {@link VirtualDisk}, with
 * bytes as keys and values. Two writes that are under way at the same time may take effect
 * in either order.
 */
export class VirtualDatabase {
  status: 'opening' | 'open' | 'closing' | 'closed' = 'closed';
  readonly #disk: VirtualDisk;
  readonly #clock: VirtualClock;
  readonly #process: VirtualProcess | undefined;
  #isDead = false;
  #isHung = false;
  /** After a failed sync, where the database says so to all that comes. */
  #sickness: Error | undefined;
  readonly #pending = new Set<PendingWrite>();
  #idle: (() => void)[] = [];

  constructor(disk: VirtualDisk, clock: VirtualClock, process?: VirtualProcess) {
    this.#disk = disk;
    this.#clock = clock;
    this.#process = process;
  }

  async open(): Promise<void> {
    if (this.status === 'open') return;
    this.status = 'opening';
    await this.#wait(this.#drawn(this.#disk.faults.openMs));
    try {
      if (this.#disk.faults.isBroken === true) throw ioError('Input/output error');
      this.#disk.open(this);
    } catch (error) {
      this.status = 'closed';
      throw error;
    }
    this.#sickness = undefined;
    this.status = 'open';
  }

  /** Waits for what is under way, and lets go. */
  async close(): Promise<void> {
    if (this.status === 'closed') return;
    this.status = 'closing';
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#wait(0);
    this.#disk.closed(this);
    this.status = 'closed';
  }

  /** @param options - With `sync`, it completes when it would survive a loss of power. */
  async batch(
    operations: DatabaseOperation[],
    options: { readonly sync?: boolean } = {},
  ): Promise<void> {
    this.#assertOpen();
    const changes = operations.map((operation): TableChange => [
      keyOf(operation.key),
      operation.type === 'put' ? bytesOf(operation.value) : undefined,
    ]);
    await this.#write(changes, options.sync === true);
  }

  put(key: Data, value: Data, options?: { readonly sync?: boolean }): Promise<void> {
    return this.batch([{ type: 'put', key, value }], options);
  }

  del(key: Data, options?: { readonly sync?: boolean }): Promise<void> {
    return this.batch([{ type: 'del', key }], options);
  }

  async get(key: Data): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  async getMany(keys: readonly Data[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen();
    const { table } = this.#disk.image;
    const values = keys.map((key) => table.get(keyOf(key)));
    await this.#read();
    return values;
  }

  /** Deletes what is in a range, not synced: as a database does it, key by key. */
  async clear(range: DatabaseRange = {}): Promise<void> {
    this.#assertOpen();
    await this.#read();
    const changes = this.#keysIn(range).map((key): TableChange => [key, undefined]);
    if (changes.length > 0) await this.#write(changes, false);
  }

  /** What is in a range now, whatever is written while it is read. */
  iterator(range: DatabaseRange = {}): VirtualIterator<[Uint8Array, Uint8Array]> {
    return this.#iterate(range, (key, value) => [key, value]);
  }

  keys(range: DatabaseRange = {}): VirtualIterator<Uint8Array> {
    return this.#iterate(range, (key) => key);
  }

  values(range: DatabaseRange = {}): VirtualIterator<Uint8Array> {
    return this.#iterate(range, (_, value) => value);
  }

  /** The process died. Of the writes under way the first ones made it to the system; returns how many did not. */
  die(random: SeededRandom): number {
    this.#isDead = true;
    const pending = [...this.#pending].sort((a, b) => a.atMs - b.atMs);
    const survivors = random.int(0, pending.length);
    for (const { changes, failure } of pending.slice(0, survivors)) {
      if (failure === undefined) this.#disk.image.append(changes, false);
      else failure.leave();
    }
    return pending.length - survivors;
  }

  #iterate<Item>(
    range: DatabaseRange,
    itemOf: (key: Uint8Array, value: Uint8Array) => Item,
  ): VirtualIterator<Item> {
    this.#assertOpen();
    const { table } = this.#disk.image;
    const items = this.#keysIn(range).map((key) =>
      itemOf(bytesOfKey(key), table.get(key) ?? new Uint8Array()),
    );
    return new VirtualIterator(items, () => this.#read());
  }

  #keysIn(range: DatabaseRange): TableKey[] {
    const keys = this.#disk.image.table.keys(tableRange(range));
    if (range.reverse === true) keys.reverse();
    const { limit = -1 } = range;
    return limit < 0 ? keys : keys.slice(0, limit);
  }

  #write(changes: readonly TableChange[], isSynced: boolean): Promise<void> {
    this.#process?.onWrite();
    const { faults, counts, random } = this.#disk;
    if (this.#isDead) return forever();
    if (this.#sickness !== undefined) return Promise.reject(this.#sickness);
    this.#isHung ||= random.chance(faults.hangRate ?? 0);
    if (this.#isHung) {
      counts.hungWrite += 1;
      return forever();
    }
    const syncMs = isSynced ? this.#drawn(faults.syncMs) : 0;
    if (syncMs >= 1) counts.slowSync += 1;
    const durationMs = this.#drawn(faults.writeMs) + syncMs;
    const failure = this.#failureOf(changes, isSynced);
    const write = { atMs: this.#clock.nowMs() + durationMs, changes, isSynced, failure };
    this.#pending.add(write);
    return new Promise((resolve, reject) => {
      this.#after(durationMs, () => {
        this.#complete(write);
        if (failure === undefined) resolve();
        else reject(failure.error);
      });
    });
  }

  #complete(write: PendingWrite): void {
    const { random, faults, image } = this.#disk;
    this.#pending.delete(write);
    if (write.failure !== undefined) write.failure.leave();
    else {
      if (random.chance(faults.switchRate ?? SWITCH_RATE)) this.#switchLog();
      image.append(write.changes, write.isSynced);
      const isAddition = write.changes.some(([, value]) => value !== undefined);
      if (isAddition) this.#disk.writtenAtMs.push(this.#clock.nowMs());
    }
    if (this.#pending.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** What was in the old log comes into tables a while later. */
  #switchLog(): void {
    const { image } = this.#disk;
    image.switchLog();
    this.#after(this.#drawn(COMPACTION_MS), () => image.compact());
  }

  /** Whether a write is going to fail. */
  #failureOf(changes: readonly TableChange[], isSynced: boolean): PendingWrite['failure'] {
    const { faults, counts, random, image } = this.#disk;
    if (faults.isFull === true || random.chance(faults.failWriteRate ?? 0)) {
      counts[faults.isFull === true ? 'fullDisk' : 'failedWrite'] += 1;
      const what = faults.isFull === true ? 'No space left on device' : 'Input/output error';
      return { error: ioError(what), leave: () => image.tear() };
    }
    if (!isSynced || !random.chance(faults.failSyncRate ?? 0)) return undefined;
    counts.failedSync += 1;
    const error = ioError('Input/output error');
    const isForgotten = random.chance(0.5);
    const leave = (): void => {
      if (!isForgotten) this.#sickness = error;
      image.failSync(changes, isForgotten);
    };
    return { error, leave };
  }

  #read(): Promise<void> {
    return this.#wait(this.#drawn(this.#disk.faults.readMs));
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#after(ms, resolve);
    });
  }

  #drawn(mostMs = 0): number {
    return mostMs === 0 ? 0 : this.#disk.random.fraction() * mostMs;
  }

  #after(ms: number, run: () => void): void {
    const atMs = this.#clock.nowMs() + ms;
    const runAlive = (): void => {
      if (!this.#isDead) run();
    };
    if (this.#process === undefined) this.#clock.schedule(atMs, runAlive);
    else this.#process.post(atMs, runAlive);
  }

  #assertOpen(): void {
    if (this.status === 'open') return;
    const error = new Error('Database is not open');
    throw Object.assign(error, { code: 'LEVEL_DATABASE_NOT_OPEN' });
  }
}

/** How often a database begins a new log, and how long the old one then stays unsynced. */
const SWITCH_RATE = 0.02;
const COMPACTION_MS = 200;

function tableRange({ gt, gte, lt, lte }: DatabaseRange): TableRange {
  const key = (data: Data | undefined): TableKey | undefined =>
    data === undefined ? undefined : keyOf(data);
  return { gt: key(gt), gte: key(gte), lt: key(lt), lte: key(lte) };
}

/** A copy: the caller may go on to use its own. */
function bytesOf(data: Data): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, 'utf8') : Uint8Array.from(data);
}

/** As LevelDB says it. */
function ioError(what: string): Error {
  const error = new Error(`IO error: /virtual/000003.log: ${what}`);
  return Object.assign(error, { code: 'LEVEL_IO_ERROR' });
}

function forever<Value>(): Promise<Value> {
  return new Promise(() => {});
}
