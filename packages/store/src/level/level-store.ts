import { checkOptionNames, WilcoError, type OptionNames } from '@wilco/protocol';
import type { Store } from '../store.ts';
import { DatabaseStore } from './database-store.ts';
import type { LevelDatabase } from './level-database.ts';
import {
  resolveLevelOptions,
  type LevelDatabaseOptions,
  type LevelStoreOptions,
} from './level-options.ts';
import { folder, placeOf } from './level-place.ts';

/** A store on a database, and that database. */
export interface LevelStore<Database = LevelDatabase> extends Store {
  /**
   * The database, for the data of the application: its keys and those of the store keep out of
   * each other's way. The writes of a commit (`effect`) are a list of batch operations of it.
   *
   * @throws TypeError before the store was opened for the first time, where the store makes it.
   */
  readonly database: Database;
}

/**
 * Keeps sessions on disk, in a folder of their own: what was told as kept survives the end of
 * the process and a loss of power. Needs the package `classic-level`.
 *
 * One process at a time can have it open. Damage is found, not guessed over: see
 * `StoreContents.damage`. `open()` rejects with `WILCO_STORE_LOCKED`, `WILCO_STORE_FORMAT`,
 * `WILCO_STORE_DAMAGED` (nothing of it can be believed), `WILCO_STORE_FULL` or `WILCO_STORE_FAILED`.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`
 */
export function levelStore(path: string, options?: LevelStoreOptions): LevelStore<OwnDatabase>;
/** Keeps sessions in a database of the application's, of any kind of `abstract-level`. */
export function levelStore<Database extends LevelDatabase>(
  options: LevelDatabaseOptions<Database>,
): LevelStore<Database>;
export function levelStore(
  pathOrOptions: string | LevelDatabaseOptions,
  options: LevelStoreOptions = {},
): LevelStore {
  if (typeof pathOrOptions === 'string') {
    if (pathOrOptions === '') {
      throw new WilcoError('WILCO_OPTION_INVALID', 'the path of levelStore() is empty');
    }
    checkOptionNames('levelStore()', options, STORE_NAMES);
    const resolved = { ...options, ...resolveLevelOptions(options) };
    return new DatabaseStore(folder(pathOrOptions), resolved);
  }
  checkOptionNames('levelStore()', pathOrOptions, DATABASE_NAMES);
  const { database, witness, space } = pathOrOptions;
  if (typeof (database as Partial<LevelDatabase> | undefined)?.batch !== 'function') {
    const detail = `database is ${typeof database}, wanted one of abstract-level`;
    throw new WilcoError('WILCO_OPTION_INVALID', detail);
  }
  const resolved = { ...pathOrOptions, ...resolveLevelOptions(pathOrOptions) };
  return new DatabaseStore(placeOf(database, witness, space), resolved);
}

/** The database of a store with a folder of its own: keys are text, values are JSON. */
export type OwnDatabase = import('classic-level').ClassicLevel<string, unknown>;

const STORE_NAMES: OptionNames<LevelStoreOptions> = {
  losesDataOnPowerFailure: true,
  reserveBytes: true,
  head: true,
  prefix: true,
  clock: true,
};
const DATABASE_NAMES: OptionNames<LevelDatabaseOptions> = {
  ...STORE_NAMES,
  database: true,
  witness: true,
  space: true,
};
