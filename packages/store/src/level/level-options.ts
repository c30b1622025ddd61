import { WilcoError, wholeInRange } from '@wilco/protocol';
import type { OutgoingHead } from '../store.ts';
import type { LevelDatabase } from './level-database.ts';
import type { DiskSpace } from './room-watch.ts';
import type { StoreClock } from './store-clock.ts';
import type { WitnessFile } from './witness.ts';

/** How a {@link levelStore} behaves. */
export interface LevelStoreOptions {
  /**
   * Leaves it to the system when commits reach the disk. They survive the end of the process,
   * but **a loss of power loses the last ones**, though they were told as kept. Receipts say so:
   * what the peer holds is worth `lazy`. After a loss of power the store most likely counts as
   * set back, and its sessions as lost.
   *
   * @defaultValue `false`: each commit is synced before it is told
   */
  readonly losesDataOnPowerFailure?: boolean;
  /**
   * How much room is kept on the disk for settling what the store holds. With less, new messages
   * are refused (`WILCO_STORE_FULL`) until there is a quarter more than this again.
   *
   * Bytes, from 0.
   *
   * @defaultValue 64 MiB
   */
  readonly reserveBytes?: number;
  /**
   * How much of a long outbox it gives at its opening; the rest is read when its turn comes.
   *
   * @defaultValue 1,024 messages and 4 MiB for each channel
   */
  readonly head?: OutgoingHead;
  /**
   * What the keys of the store begin with in its database, between two exclamation marks. Two
   * stores with different names can share one database; an application keeps away from it.
   *
   * 1 to 64 letters and digits.
   *
   * @defaultValue `'wilco'`
   */
  readonly prefix?: string;
  /** Where it gets its time. @defaultValue the time of the process */
  readonly clock?: StoreClock;
}

/** How a {@link levelStore} in a database of the application's behaves. */
export interface LevelDatabaseOptions<
  Database extends LevelDatabase = LevelDatabase,
> extends LevelStoreOptions {
  /**
   * An `abstract-level` database. The store opens it where it is closed, and closes it then;
   * else it belongs to the application, which closes it after the store.
   *
   * A database that runs out of room is closed and opened again by the store; sublevels of it
   * have to be opened again then.
   */
  readonly database: Database;
  /**
   * Where the newest commit number is kept, outside of the database, so that a store which
   * was set back, or lost its end, is found. A path, or a {@link WitnessFile} of your own.
   *
   * @defaultValue nowhere: a database that was set back is found by the peers alone
   */
  readonly witness?: string | WitnessFile;
  /** Tells how much room there is for the database. @defaultValue nobody does: it is full when a write fails */
  readonly space?: DiskSpace;
}

const PREFIX = /^[a-z0-9]{1,64}$/i;
const RESERVE_BYTES = 64 * 1_048_576;

/** The options that every store on a database has, checked. */
export function resolveLevelOptions(options: LevelStoreOptions): {
  readonly isLazy: boolean;
  readonly reserveBytes: number;
  readonly prefix: string;
} {
  const {
    losesDataOnPowerFailure = false,
    reserveBytes = RESERVE_BYTES,
    prefix = 'wilco',
  } = options;
  if (typeof losesDataOnPowerFailure !== 'boolean') {
    const got = String(losesDataOnPowerFailure);
    throw invalid(`losesDataOnPowerFailure is ${got}, wanted true or false`);
  }
  wholeInRange('reserveBytes', reserveBytes, 0, Number.MAX_SAFE_INTEGER);
  if (!PREFIX.test(prefix))
    throw invalid(`prefix is '${prefix}', wanted 1 to 64 letters and digits`);
  return { isLazy: losesDataOnPowerFailure, reserveBytes, prefix };
}

function invalid(detail: string): WilcoError {
  return new WilcoError('WILCO_OPTION_INVALID', detail);
}
