import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { WilcoError } from '@wilco/protocol';
import type { ClassicLevel } from 'classic-level';
import { classicDatabase, isLocked, wordsOf } from './classic-database.ts';
import { isNoSpace } from './commit-queue.ts';
import { assertWhole, makeDatabase } from './database-making.ts';
import type { LevelDatabase } from './level-database.ts';
import { LogRoom } from './log-room.ts';
import type { DiskSpace } from './room-watch.ts';
import { checkTables } from './table-check.ts';
import { syncDirectory, witnessFile } from './witness-file.ts';
import type { WitnessFile } from './witness.ts';

/** Where the database of a store is, and what is beside it. */
export interface LevelPlace {
  /** Makes what has to be there before the database can be opened. */
  prepare(): Promise<LevelDatabase>;
  /** It was opened: what was made for it is there to stay. */
  opened(): Promise<void>;
  readonly witness: WitnessFile | undefined;
  readonly space: DiskSpace | undefined;
  /** Makes syncs shorter; where the database is not known well enough for it, or the system, there is none. */
  readonly logRoom: LogRoom | undefined;
  /** Whether the database is for the store alone to open and close. */
  readonly isOwn: boolean;
  /** Whether the database copies what it is given before `batch()` returns. */
  readonly isCopying: boolean;
}

/**
 * A folder with a database of its own, of `classic-level`, and the witness beside it.
 *
 * @throws {@link WilcoError} from `prepare()`: `WILCO_STORE_DAMAGED` where the database has lost
 *   the file that says what it is made of: opening it would delete the rest.
 */
export function folder(path: string): LevelPlace {
  const [root, database] = [resolve(path), join(resolve(path), 'database')];
  let made: ClassicLevel<string, unknown> | undefined;
  return {
    async prepare() {
      await makeDatabase(database);
      made = await openClassicLevel(database, made);
      return made;
    },
    async opened() {
      await syncDirectory(database);
    },
    witness: witnessFile(join(root, 'witness')),
    space: {
      async freeBytes() {
        const { bavail, bsize } = await statfs(root);
        return bavail * bsize;
      },
    },
    logRoom: process.platform === 'linux' ? new LogRoom(database) : undefined,
    isOwn: true,
    isCopying: true,
  };
}

/**
 * A database of `classic-level` that can be opened without harm.
 *
 * @param made - The one that there is already: it is only looked whether its files are whole.
 */
export async function openClassicLevel(
  database: string,
  made?: ClassicLevel<string, unknown>,
): Promise<ClassicLevel<string, unknown>> {
  await assertWhole(database);
  await checkTables(database);
  return made ?? (await classicDatabase(database));
}

/** A database that an application has. */
export function placeOf(
  database: LevelDatabase,
  witness: string | WitnessFile | undefined,
  space: DiskSpace | undefined,
): LevelPlace {
  return {
    prepare: () => Promise.resolve(database),
    opened: () => Promise.resolve(),
    witness: typeof witness === 'string' ? witnessFile(resolve(witness)) : witness,
    space,
    logRoom: undefined,
    isOwn: false,
    isCopying: false,
  };
}

/** What is wrong when a database can not be opened or read, in our words. */
export function openingError(cause: unknown): WilcoError {
  if (WilcoError.is(cause)) return cause;
  const text = wordsOf(cause);
  if (isNoSpace(cause)) return new WilcoError('WILCO_STORE_FULL', `no room: ${text}`, { cause });
  if (isLocked(cause)) {
    const detail = `it is open already, in this process or another: ${text}`;
    return new WilcoError('WILCO_STORE_LOCKED', detail, { cause });
  }
  if (/LEVEL_CORRUPTION|Corruption/.test(text)) {
    return new WilcoError('WILCO_STORE_DAMAGED', text, { cause });
  }
  return new WilcoError('WILCO_STORE_FAILED', `it could not be opened: ${text}`, { cause });
}
