import type { SeededRandom } from '../seeded-random.ts';
import { SortedTable, type TableKey } from './sorted-table.ts';

/** One change of a key: its new value, or `undefined` where it is deleted. */
export type TableChange = readonly [key: TableKey, value: Uint8Array | undefined];

/** What is wrong with what a database had written and synced. */
export type DiskDamage = 'lostMiddle' | 'lostTail' | 'flippedBit';

/** One write of a database: it is there whole, or not at all. */
interface LoggedBatch {
  readonly changes: readonly TableChange[];
  /** Which log it is in: a sync covers only the log that it is called on. */
  readonly log: number;
  isSynced: boolean;
  /** It lies behind a write that failed: the next opening will not find it. */
  readonly isBehindTear: boolean;
}

/**
 * What a database has on its disk: tables, and the log of what was written since it was
 * opened. Knows which of it survives what, as was measured of LevelDB; knows no time.
 */
export class DiskImage {
  /** What the open database sees. */
  readonly table: SortedTable;
  /** What lies in tables: safe from a loss of power. */
  readonly #base: SortedTable;
  readonly #batches: LoggedBatch[] = [];
  /** Everything before this place in the log is synced. */
  #syncedBefore = 0;
  #log = 0;
  #isTorn = false;
  #isSyncLost = false;

  constructor(table = new SortedTable()) {
    this.#base = table.clone();
    this.table = table;
  }

  /** How many writes it holds that a loss of power may take. */
  get unsyncedCount(): number {
    return this.#batches.filter(({ isSynced }) => !isSynced).length;
  }

  append(changes: readonly TableChange[], isSynced: boolean): void {
    applyTo(this.table, changes);
    const isBehindTear = this.#isTorn;
    this.#batches.push({ changes, log: this.#log, isSynced: false, isBehindTear });
    if (isSynced) this.#sync();
  }

  /** A write failed in its middle: whatever follows it in this log is lost at the next opening. */
  tear(): void {
    this.#isTorn = true;
  }

  /**
   * A sync failed. The bytes are in the log, and whether the disk has them nobody knows.
   *
   * @param isForgotten - Whether later syncs succeed, though the system has dropped what the
   *   failed one was about: then nothing in this log is safe any more.
   */
  failSync(changes: readonly TableChange[], isForgotten: boolean): void {
    this.#batches.push({
      changes,
      log: this.#log,
      isSynced: false,
      isBehindTear: this.#isTorn,
    });
    this.#isSyncLost ||= isForgotten;
  }

  /** The database begins a new log. What was not synced in the old one stays so for a while. */
  switchLog(): void {
    if (this.#isTorn || this.#isSyncLost) return;
    this.#log += 1;
  }

  /** What lies in older logs has come into tables. */
  compact(): void {
    if (this.#isTorn || this.#isSyncLost) return;
    this.#markSynced((batch) => batch.log < this.#log);
  }

  /** What the next opening finds: after an end of the process, or a close. */
  afterEnd(): DiskImage {
    return this.#with((batch) => !batch.isBehindTear);
  }

  /**
   * What the next opening finds after a loss of power. Of what was not synced, a part of
   * each log survives, from its beginning on.
   *
   * @param random - How much of it; `undefined`: none.
   */
  afterPowerCut(random?: SeededRandom): DiskImage {
    const survivors = new Map<number, number>();
    for (const { log, isSynced } of this.#batches) {
      if (!isSynced) survivors.set(log, (survivors.get(log) ?? 0) + 1);
    }
    for (const [log, count] of survivors) survivors.set(log, random?.int(0, count) ?? 0);
    return this.#with((batch) => {
      if (batch.isBehindTear) return false;
      if (batch.isSynced) return true;
      const left = survivors.get(batch.log) ?? 0;
      survivors.set(batch.log, left - 1);
      return left > 0;
    });
  }

  /** What the next opening finds where the disk itself has lost or changed something. */
  damaged(damage: DiskDamage, random: SeededRandom): DiskImage {
    if (damage === 'flippedBit') return this.#flipped(random);
    const count = this.#batches.length;
    const length = count === 0 ? 0 : Math.min(count, random.skewed(8));
    const from =
      damage === 'lostTail' ? count - length : random.int(0, Math.max(0, count - length));
    return this.#with((_, index) => index < from || index >= from + length);
  }

  /** A copy of all that is there now, as of files that are copied while it is closed. */
  clone(): DiskImage {
    const copy = new DiskImage(this.#base.clone());
    for (const batch of this.#batches) {
      applyTo(copy.table, batch.changes);
      copy.#batches.push({ ...batch });
    }
    copy.#log = this.#log;
    copy.#isTorn = this.#isTorn;
    copy.#isSyncLost = this.#isSyncLost;
    return copy;
  }

  #sync(): void {
    if (!this.#isSyncLost) this.#markSynced((batch) => batch.log === this.#log);
  }

  #markSynced(isMeant: (batch: LoggedBatch) => boolean): void {
    let isFirst = true;
    for (let place = this.#syncedBefore; place < this.#batches.length; place++) {
      const batch = this.#batches[place];
      if (batch === undefined) return;
      batch.isSynced ||= isMeant(batch);
      isFirst &&= batch.isSynced;
      if (isFirst) this.#syncedBefore = place + 1;
    }
  }

  #flipped(random: SeededRandom): DiskImage {
    const image = this.#with(() => true);
    const key = image.table.size === 0 ? undefined : random.pick(image.table.keys());
    const value = key === undefined ? undefined : image.table.get(key);
    if (key === undefined || value === undefined || value.length === 0) return image;
    const flipped = Uint8Array.from(value);
    const place = random.int(0, value.length - 1);
    flipped[place] = (flipped[place] ?? 0) ^ (1 << random.int(0, 7));
    image.table.put(key, flipped);
    return new DiskImage(image.table);
  }

  /**
   * Tables and the chosen writes. They stay in the log until {@link settle}, so that what
   * is damaged after a crash can be what was written before it.
   */
  #with(isThere: (batch: LoggedBatch, index: number) => boolean): DiskImage {
    const image = new DiskImage(this.#base.clone());
    for (const [index, batch] of this.#batches.entries()) {
      if (!isThere(batch, index)) continue;
      applyTo(image.table, batch.changes);
      image.#batches.push({ ...batch, log: 0, isSynced: true, isBehindTear: false });
    }
    return image;
  }

  /** The database was opened: its log has become a table. */
  settled(): DiskImage {
    return new DiskImage(this.table.clone());
  }
}

function applyTo(table: SortedTable, changes: readonly TableChange[]): void {
  for (const [key, value] of changes) {
    if (value === undefined) table.delete(key);
    else table.put(key, value);
  }
}
