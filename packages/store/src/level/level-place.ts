import { mkdir, readdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { WilcoError } from '@wilco/protocol';
import type { ClassicLevel } from 'classic-level';
import { isNoSpace } from './commit-queue.ts';
import type { LevelDatabase } from './level-database.ts';
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
      await makeDirectories(database);
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
  const { ClassicLevel } = await classicLevel();
  return (
    made ??
    new ClassicLevel<string, unknown>(database, {
      valueEncoding: 'json',
      // What is not compressed can be checked before it is opened.
      compression: false,
      // Tables are mapped into memory: as few as LevelDB allows, and small ones.
      maxOpenFiles: 74,
      maxFileSize: 1_048_576,
    })
  );
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
    isOwn: false,
    isCopying: false,
  };
}

/** What is wrong when a database can not be opened or read, in our words. */
export function openingError(cause: unknown): WilcoError {
  if (WilcoError.is(cause)) return cause;
  const text = wordsOf(cause);
  if (isNoSpace(cause)) return new WilcoError('WILCO_STORE_FULL', `no room: ${text}`, { cause });
  if (text.includes('LEVEL_LOCKED')) {
    const detail = `it is open already, in this process or another: ${text}`;
    return new WilcoError('WILCO_STORE_LOCKED', detail, { cause });
  }
  if (/LEVEL_CORRUPTION|Corruption/.test(text)) {
    return new WilcoError('WILCO_STORE_DAMAGED', text, { cause });
  }
  return new WilcoError('WILCO_STORE_FAILED', `it could not be opened: ${text}`, { cause });
}

/** Each directory that is made has its name synced in the one above. */
async function makeDirectories(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const above = dirname(first);
  for (let at = path; at !== above && at !== dirname(at); at = dirname(at)) {
    await syncDirectory(dirname(at));
  }
}

/** Without its file CURRENT LevelDB takes what is there for nothing, begins anew, and deletes it. */
async function assertWhole(database: string): Promise<void> {
  const names = await readdir(database);
  if (names.includes('CURRENT')) return;
  const left = names.filter((name) => /^MANIFEST-|\.(log|ldb|sst)$/.test(name));
  if (left.length === 0) return;
  const detail = `${database} has ${left.slice(0, 3).join(', ')}, but no file CURRENT`;
  throw new WilcoError('WILCO_STORE_DAMAGED', detail);
}

async function classicLevel(): Promise<typeof import('classic-level')> {
  try {
    return await import('classic-level');
  } catch (cause) {
    const detail = 'levelStore(path) needs the package classic-level, which can not be loaded';
    throw new WilcoError('WILCO_OPTION_INVALID', `${detail}: ${wordsOf(cause)}`, { cause });
  }
}

function wordsOf(error: unknown): string {
  const { code, message, cause } = error as {
    readonly code?: string;
    readonly message?: string;
    readonly cause?: unknown;
  };
  const inner = typeof cause === 'object' && cause ? `: ${wordsOf(cause)}` : '';
  return `${code === undefined ? '' : `${code} `}${message ?? String(error)}${inner}`;
}
