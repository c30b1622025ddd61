import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** In memory where there is such a place: these tests are about bytes, not about speed. */
const ROOT = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'wilco-store-'));
let count = 0;

afterAll(() => {
  rmSync(ROOT, { recursive: true, force: true });
});

/** A place for a store, where nothing is yet. */
export function place(): string {
  return join(ROOT, String(count++));
}

/** A copy of a folder. */
export function copyOf(folder: string): string {
  const copy = place();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** The file of a store's database whose name ends so; the largest of several. */
export function databaseFile(folder: string, ending: string): string {
  const database = join(folder, 'database');
  const name = readdirSync(database)
    .filter((one) => one.endsWith(ending))
    .at(-1);
  if (name === undefined) throw new Error(`no file ${ending} in ${readdirSync(database).join()}`);
  return join(database, name);
}
