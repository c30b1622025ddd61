import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { VirtualProcess } from '../virtual-process.ts';
import { DiskImage, type DiskDamage } from './disk-image.ts';
import { VirtualDatabase } from './virtual-database.ts';
import { VirtualFile, VirtualFileHandle } from './virtual-file.ts';

/** How a {@link VirtualDisk} misbehaves. */
export interface DiskFaults {
  /** How long opening takes: a random time up to this. Milliseconds. @defaultValue 0 */
  readonly openMs?: number;
  /** How long a read takes: a random time up to this. Milliseconds. @defaultValue 0 */
  readonly readMs?: number;
  /** How long a write takes: a random time up to this. Milliseconds. @defaultValue 0 */
  readonly writeMs?: number;
  /** How much longer a write with a sync takes, up to this. Milliseconds. @defaultValue 0 */
  readonly syncMs?: number;
  /** The share of writes that fail. What the open database writes after one is lost. 0 to 1. @defaultValue 0 */
  readonly failWriteRate?: number;
  /** The share of syncs that fail. 0 to 1. @defaultValue 0 */
  readonly failSyncRate?: number;
  /** The share of writes that are never answered. After one, none is. 0 to 1. @defaultValue 0 */
  readonly hangRate?: number;
  /** Whether there is no room: every write fails. @defaultValue `false` */
  readonly isFull?: boolean;
  /** Whether opening fails. @defaultValue `false` */
  readonly isBroken?: boolean;
  /** The share of writes before which the database begins a new log. 0 to 1. @defaultValue 0.02 */
  readonly switchRate?: number;
}

/** How a {@link VirtualDisk} is made. */
export interface VirtualDiskOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly faults?: DiskFaults;
}

/** Every way in which a {@link VirtualDisk} misbehaves. */
export const DISK_FAULTS = [
  'slowSync',
  'failedWrite',
  'fullDisk',
  'failedSync',
  'hungWrite',
  'lostWrite',
  'lostUnsynced',
  'lostMiddle',
  'lostTail',
  'flippedBit',
] as const;

/** The name of a fault of a {@link VirtualDisk}. */
export type DiskFault = (typeof DISK_FAULTS)[number];

/** How much room there is on a disk that is not full. */
const ROOM_BYTES = 2 ** 40;

/** A copy of what is on a disk. */
export interface DiskSnapshot {
  readonly image: DiskImage;
  readonly file: Uint8Array | undefined;
}

/**
 * The disk of a virtual host: a database in the shape of abstract-level, and a small file
 * beside it. It outlives the processes of the host, and misbehaves reproducibly: slow,
 * full, failing, losing what was not synced at a loss of power, and damaged.
 */
export class VirtualDisk {
  /** What is wrong with it; may be changed at any time. */
  faults: DiskFaults;
  /** How often each fault happened. */
  readonly counts: Record<DiskFault, number>;
  /** When each write of a database took effect that was more than clearing up, ascending. Milliseconds. */
  readonly writtenAtMs: number[] = [];
  readonly #options: VirtualDiskOptions;
  #database: VirtualDatabase | undefined;
  #image = new DiskImage();
  #file: VirtualFile;

  constructor(options: VirtualDiskOptions) {
    this.#options = options;
    this.faults = options.faults ?? {};
    this.counts = Object.fromEntries(DISK_FAULTS.map((fault) => [fault, 0])) as Record<
      DiskFault,
      number
    >;
    this.#file = new VirtualFile(undefined, this.#random('file'));
  }

  /** What the database holds now. */
  get image(): DiskImage {
    return this.#image;
  }

  /**
   * The database, for one process: what an application makes of a path. It shares its data
   * with all others of this disk, and only one may be open.
   *
   * @param process - Dies with it, and sleeps with it.
   */
  database(process?: VirtualProcess): VirtualDatabase {
    return new VirtualDatabase(this, this.#options.clock, process);
  }

  /** The file beside the database. */
  get file(): VirtualFile {
    return this.#file;
  }

  /** The file beside the database, for one process. */
  openFile(process: VirtualProcess): VirtualFileHandle {
    return new VirtualFileHandle(this, process);
  }

  accessMs(): number {
    return this.random.fraction() * (this.faults.writeMs ?? 0);
  }

  /** How much room there is. Bytes. */
  freeBytes(): Promise<number> {
    return Promise.resolve(this.faults.isFull === true ? 0 : ROOM_BYTES);
  }

  /** Randomness of its own for what is drawn while it works. */
  get random(): SeededRandom {
    return this.#options.random;
  }

  /** A database opens: no other may be open. */
  open(database: VirtualDatabase): void {
    if (this.#database !== undefined) throw locked();
    this.#database = database;
    this.#image = this.#image.afterEnd().settled();
  }

  /** A database has let go. */
  closed(database: VirtualDatabase): void {
    if (this.#database !== database) return;
    this.#database = undefined;
    this.#image = this.#image.afterEnd();
  }

  /**
   * The process that has it open dies. `killed`: what the system was given is kept.
   * `vanished`: what was not synced may be lost.
   */
  crash(how: 'killed' | 'vanished'): void {
    const database = this.#database;
    this.#database = undefined;
    if (database !== undefined) this.counts.lostWrite += database.die(this.random);
    const before = this.#image.unsyncedCount;
    if (how === 'killed') {
      this.#image = this.#image.afterEnd();
      return;
    }
    this.#image = this.#image.afterPowerCut(this.random);
    this.#file = this.#file.afterPowerCut(this.random);
    this.counts.lostUnsynced += before;
  }

  /** Something that was safe is lost or changed. Only while nothing has it open. */
  damage(damage: DiskDamage): void {
    this.counts[damage] += 1;
    this.#image = this.#image.damaged(damage, this.random);
  }

  /**
   * What would be found after a loss of power at this moment, at the worst. Changes nothing.
   *
   * @param clock - The time of the other disk.
   */
  survivor(how: 'killed' | 'vanished' = 'vanished', clock = this.#options.clock): VirtualDisk {
    const disk = this.#heir('survivor', clock);
    disk.#image = how === 'killed' ? this.#image.afterEnd() : this.#image.afterPowerCut();
    disk.#file = how === 'killed' ? this.#file.clone() : this.#file.afterPowerCut();
    return disk;
  }

  /** A copy of what is there, for a backup. */
  snapshot(): DiskSnapshot {
    return { image: this.#image.clone(), file: this.#file.contents };
  }

  /**
   * Sets it back. Only while nothing has it open.
   *
   * @param hasFile - Whether the file comes from the copy as well, or stays as it is.
   */
  restore({ image, file }: DiskSnapshot, hasFile: boolean): void {
    this.#image = image.clone().afterEnd();
    if (hasFile) this.#file = new VirtualFile(file, this.#random('restored file'));
  }

  /** Nothing is on it any more. */
  wipe(): void {
    this.#image = new DiskImage();
    this.#file = new VirtualFile(undefined, this.#random('wiped file'));
  }

  /** Another disk with the same on it, for a thief. */
  clone(): VirtualDisk {
    const disk = this.#heir('clone');
    disk.#image = this.#image.clone().afterEnd();
    disk.#file = this.#file.clone();
    return disk;
  }

  #heir(name: string, clock = this.#options.clock): VirtualDisk {
    return new VirtualDisk({ ...this.#options, clock, random: this.#random(name), faults: {} });
  }

  #random(name: string): SeededRandom {
    return this.#options.random.split(name);
  }
}

function locked(): Error {
  const cause = Object.assign(new Error('the lock is held by another'), { code: 'LEVEL_LOCKED' });
  const error = new Error('Database failed to open', { cause });
  return Object.assign(error, { code: 'LEVEL_DATABASE_NOT_OPEN' });
}
