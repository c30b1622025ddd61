import { closeSync, cpSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { StoreEntry } from '@wilco/protocol';
import { levelStore, type LevelStore } from '../../src/level/index.ts';
import { LogRoom } from '../../src/level/log-room.ts';
import { copyOf, databaseFile, place } from './folders.ts';
import { commit, entriesOf } from './records.ts';

/** Room is looked at after this much. */
const LOOK_BYTES = 131_072;
const VALUE_BYTES = 8_192;
const PAGE_BYTES = 4_096;

async function put(store: LevelStore, key: string, bytes = VALUE_BYTES): Promise<void> {
  const value = new Uint8Array(bytes).fill(key.length);
  await commit(store, { type: 'putEntry', table: 'meta', key, value });
}

/** An open store whose log has room. */
async function roomy(): Promise<{ folder: string; store: LevelStore }> {
  const folder = place();
  const store = levelStore(folder);
  await store.open();
  for (let count = 0; count * VALUE_BYTES <= LOOK_BYTES; count++) await put(store, `k${count}`);
  await expect.poll(() => sizeOfLog(folder)).toBeGreaterThan(2 * LOOK_BYTES);
  return { folder, store };
}

function sizeOfLog(folder: string): number {
  return statSync(databaseFile(folder, '.log')).size;
}

/** What a folder holds: the keys of its entries, and the damage that its opening told. */
async function found(folder: string): Promise<unknown> {
  const store = levelStore(folder);
  try {
    const { damage } = await store.open();
    const entries = (await entriesOf(store, 'meta')) as readonly StoreEntry[];
    return [damage, entries.map(({ key }) => key).sort()];
  } finally {
    await store.close();
  }
}

describe.runIf(process.platform === 'linux')('room ahead in the log of a database', () => {
  test('is there once something was written, and then commits do not make the file longer', async () => {
    const { folder, store } = await roomy();
    const size = sizeOfLog(folder);
    await put(store, 'one more');
    await put(store, 'and another');
    expect(sizeOfLog(folder)).toBe(size);
    await store.close();
    const [damage, keys] = (await found(folder)) as [unknown, string[]];
    expect(damage).toEqual([]);
    expect(keys).toContain('and another');
  });

  test('leaves of a commit that was cut off nothing, whichever of its pages came to the disk', async () => {
    const { folder, store } = await roomy();
    const before = copyOf(folder);
    await put(store, 'torn', 3 * PAGE_BYTES);
    const whole = readFileSync(databaseFile(folder, '.log'));
    await store.close();
    const had = readFileSync(databaseFile(before, '.log'));
    expect(whole).toHaveLength(had.length);
    const first = whole.findIndex((byte, at) => byte !== had[at]);
    const last = whole.findLastIndex((byte, at) => byte !== had[at]);
    const pages: number[] = [];
    for (let at = first - (first % PAGE_BYTES); at <= last; at += PAGE_BYTES) pages.push(at);
    expect(pages.length).toBeGreaterThan(3);
    const held = await found(copyOf(before));
    for (let some = 0; some < 2 ** pages.length - 1; some++) {
      const torn = copyOf(before);
      const log = openSync(databaseFile(torn, '.log'), 'r+');
      pages.forEach((at, index) => {
        if ((some >> index) % 2 === 1) writeSync(log, whole, at, PAGE_BYTES, at);
      });
      closeSync(log);
      expect([some, await found(torn)]).toEqual([some, held]);
      rmSync(torn, { recursive: true });
    }
  });

  test('is put behind what is there by now, never over it', async () => {
    const { folder, store } = await roomy();
    await store.close();
    const log = databaseFile(folder, '.log');
    // Another log, which grows in the very moment in which room is made in it.
    const folderOfAnother = place();
    cpSync(join(folder, 'database'), folderOfAnother, { recursive: true });
    const path = join(folderOfAnother, basename(log));
    const room = new LogRoom(folderOfAnother);
    const growing = openSync(path, 'a');
    let size = statSync(path).size;
    const bytes = new Uint8Array(1_000).fill(7);
    for (let count = 0; count < 300; count++) {
      room.wrote(LOOK_BYTES);
      writeSync(growing, bytes);
      size += bytes.length;
      await setImmediate();
    }
    await room.settled();
    closeSync(growing);
    const text = readFileSync(path);
    expect(text.filter((byte) => byte === 7).length).toBeGreaterThanOrEqual(300_000);
    expect(text.length).toBeGreaterThan(size);
  });

  test('is not made where nothing is synced', async () => {
    const folder = place();
    const store = levelStore(folder, { losesDataOnPowerFailure: true });
    await store.open();
    for (let count = 0; count < 40; count++) await put(store, `k${count}`);
    await store.close();
    expect(sizeOfLog(folder)).toBeLessThan(41 * (VALUE_BYTES + 200));
  });

  test('is made again in the next log', async () => {
    const folder = place();
    const store = levelStore(folder);
    await store.open();
    const logs = new Set<string>();
    // LevelDB begins a new one every 4 MB.
    for (let count = 0; count < 70; count++) {
      await put(store, `k${count}`, 131_072);
      logs.add(databaseFile(folder, '.log'));
    }
    expect(logs.size).toBeGreaterThan(1);
    await expect.poll(() => trailOf(folder)).toBeGreaterThan(LOOK_BYTES);
    await store.close();
  });
});

/** How many zeros the newest log ends with. */
function trailOf(folder: string): number {
  const text = readFileSync(databaseFile(folder, '.log'));
  return text.length - 1 - text.findLastIndex((byte) => byte !== 0);
}
