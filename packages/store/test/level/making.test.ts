import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { describe, expect, test } from 'vitest';
import { levelStore } from '../../src/level/index.ts';
import { copyOf, place } from './folders.ts';

/** Opens a store, and closes it again. Returns how often it was opened before. */
async function openedBefore(folder: string): Promise<number> {
  const store = levelStore(folder);
  try {
    const { bootCount, damage } = await store.open();
    expect(damage).toEqual([]);
    return bootCount - 1;
  } finally {
    await store.close();
  }
}

/** A folder in which a store was being made, as LevelDB had left it by then. */
async function unfinished(): Promise<string> {
  const folder = place();
  mkdirSync(folder);
  const database = new ClassicLevel(join(folder, 'database.new'));
  await database.open();
  await database.close();
  return folder;
}

describe('a store whose machine lost power while it was made', () => {
  test('is made anew, whatever of its files is empty or gone', async () => {
    const left = await unfinished();
    const names = readdirSync(join(left, 'database.new'));
    expect(names).toContain('CURRENT');
    for (const spoil of [rmSync, (path: string) => truncateSync(path)]) {
      for (const name of names) {
        const folder = copyOf(left);
        spoil(join(folder, 'database.new', name));
        expect([name, await openedBefore(folder)]).toEqual([name, 0]);
        expect(existsSync(join(folder, 'database.new'))).toBe(false);
        expect(await openedBefore(folder)).toBe(1);
      }
    }
  });

  test('is made in the folder that was there, if nothing was in it', async () => {
    const folder = place();
    mkdirSync(join(folder, 'database'), { recursive: true });
    writeFileSync(join(folder, 'database', 'LOCK'), '');
    expect(await openedBefore(folder)).toBe(0);
    expect(await openedBefore(folder)).toBe(1);
  });

  test('is not made in place of what somebody has there', async () => {
    const folder = place();
    mkdirSync(join(folder, 'database'), { recursive: true });
    writeFileSync(join(folder, 'database', 'diary'), 'mine');
    await expect(openedBefore(folder)).rejects.toMatchObject({ code: 'WILCO_STORE_FAILED' });
    expect(readdirSync(join(folder, 'database'))).toEqual(['diary']);
  });

  test('is left alone while another one makes it', async () => {
    const folder = place();
    mkdirSync(folder);
    const other = new ClassicLevel(join(folder, 'database.new'));
    await other.open();
    await expect(openedBefore(folder)).rejects.toMatchObject({ code: 'WILCO_STORE_LOCKED' });
    expect(readdirSync(join(folder, 'database.new'))).toContain('CURRENT');
    await other.close();
    expect(await openedBefore(folder)).toBe(0);
  });

  test('is never made where a database has its name already, whatever it has lost', async () => {
    const folder = place();
    await openedBefore(folder);
    renameSync(join(folder, 'database', 'CURRENT'), join(folder, 'CURRENT'));
    await expect(openedBefore(folder)).rejects.toMatchObject({ code: 'WILCO_STORE_DAMAGED' });
    renameSync(join(folder, 'CURRENT'), join(folder, 'database', 'CURRENT'));
    expect(await openedBefore(folder)).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(['database', 'witness']);
  });
});
