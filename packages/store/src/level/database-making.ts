import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WilcoError } from '@wilco/protocol';
import { classicDatabase, isLocked } from './classic-database.ts';
import { syncDirectory } from './witness-file.ts';

/** What LevelDB leaves in a folder in which there is no database, and nothing was ever kept. */
const LITTER = /^(LOCK|LOG|LOG\.old|\d+\.dbtmp)$/;
/** Without one of these nothing can have been kept. */
const CONTENTS = /^(CURRENT|MANIFEST-.*|.*\.(log|ldb|sst))$/;

/**
 * Makes a database where there is none, so that a loss of power leaves all of it, or nothing.
 *
 * LevelDB gives a new database its name before what it names is synced, so one that was cut off
 * there can't be opened any more. So it is made under another name, where nobody ever keeps
 * anything: what is found there was never finished, and is begun anew. Once all of it is synced
 * it gets its name.
 */
export async function makeDatabase(path: string): Promise<void> {
  await makeDirectories(dirname(path));
  if (await isThere(path)) return;
  try {
    await make(path, `${path}.new`);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!(await isThere(path))) throw error;
  }
}

/** Without its file CURRENT LevelDB takes what is there for nothing, begins anew, and deletes it. */
export async function assertWhole(path: string): Promise<void> {
  const names = await readdir(path);
  if (names.includes('CURRENT')) return;
  const left = names.filter((name) => CONTENTS.test(name));
  if (left.length === 0) return;
  const detail = `${path} has ${left.slice(0, 3).join(', ')}, but no file CURRENT`;
  throw new WilcoError('WILCO_STORE_DAMAGED', detail);
}

async function make(path: string, unfinished: string): Promise<void> {
  await fill(unfinished);
  for (const name of await readdir(unfinished)) await syncFile(join(unfinished, name));
  await syncDirectory(unfinished);
  await removeEmpty(path);
  await rename(unfinished, path);
  await syncDirectory(dirname(path));
}

/** Another process may be at it: then it has the lock, and nothing is touched. */
async function fill(path: string): Promise<void> {
  const database = await classicDatabase(path);
  try {
    await database.open();
  } catch (error) {
    if (isLocked(error)) throw error;
    await rm(path, { recursive: true, force: true });
    await database.open();
  }
  await database.close();
}

/** @throws what the system says of a folder in which somebody has other things. */
async function removeEmpty(path: string): Promise<void> {
  const names = await namesIn(path);
  if (names === undefined) return;
  for (const name of names) if (LITTER.test(name)) await rm(join(path, name), { force: true });
  await rmdir(path);
}

/** Whether there is a database, or what is left of one. */
async function isThere(path: string): Promise<boolean> {
  const names = await namesIn(path);
  return names?.some((name) => CONTENTS.test(name)) === true;
}

/** `undefined` where there is no such folder. */
async function namesIn(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
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
