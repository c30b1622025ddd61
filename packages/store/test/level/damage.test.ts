import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { describe, expect, test } from 'vitest';
import { WilcoError } from '@wilco/protocol';
import type { StoreContents } from '../../src/index.ts';
import { levelStore } from '../../src/level/index.ts';
import { RecordWriter } from '../../src/level/record-writer.ts';
import { writeWords } from '../../src/level/session-records.ts';
import { copyOf, databaseFile, place } from './folders.ts';
import {
  answer,
  commit,
  entriesOf,
  incoming,
  outgoing,
  readAll,
  receiving,
  sending,
  sessionRecord,
} from './records.ts';

/** What an opening found: all that the store gives, or how it said that something is wrong. */
async function find(folder: string): Promise<{ told: string[]; held: string }> {
  const store = levelStore(folder, { head: { maxMessages: 3 } });
  let contents: StoreContents;
  try {
    contents = await store.open();
  } catch (error) {
    if (!WilcoError.is(error)) throw error;
    return { told: [error.code], held: '' };
  }
  const told = contents.damage.map(({ code }) => code as string);
  const read: unknown[] = [];
  try {
    for (const session of ['a', 'b']) {
      read.push(await readAll(store, session), await readAll(store, session, 0));
    }
    read.push(await entriesOf(store, 'ids'), await entriesOf(store, 'meta'));
  } catch (error) {
    if (!WilcoError.is(error)) throw error;
    told.push(error.code);
  }
  await store.close();
  return { told, held: JSON.stringify([contents.sessions, read], hexBytes) };
}

function hexBytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

/** A store with a little of everything, over a number of commits. */
async function filled(): Promise<string> {
  const folder = place();
  const store = levelStore(folder);
  await store.open();
  await commit(store, { type: 'putSession', record: sessionRecord('a') });
  await commit(store, { type: 'putSession', record: sessionRecord('b') });
  for (let seq = 1; seq <= 12; seq++) {
    const session = seq % 4 === 0 ? 'b' : 'a';
    const own = session === 'b' ? seq / 4 : seq - Math.floor(seq / 4);
    await commit(
      store,
      { type: 'putOutgoing', record: outgoing(session, own) },
      { type: 'putSending', record: sending(session, own + 1) },
      { type: 'putIncoming', record: incoming(session, own) },
      { type: 'putReceiving', record: receiving(session, own + 1) },
      { type: 'putEntry', table: 'ids', key: `order ${String(seq)}`, value: Uint8Array.of(seq) },
    );
  }
  await commit(
    store,
    { type: 'putOutgoing', record: answer('a', 1) },
    { type: 'putOutgoing', record: { ...outgoing('a', 4), voidReason: 'cancelled' } },
    { type: 'dropOutgoing', session: 'a', channel: 1, from: 1, to: 3 },
    { type: 'dropIncoming', session: 'a', channel: 1, seq: 2 },
  );
  await commit(store, { type: 'putEntry', table: 'meta', key: 'x', value: Uint8Array.of(1) });
  await store.close();
  return folder;
}

/** The same, in a table file instead of the log: there an opening brings it. */
async function settled(): Promise<string> {
  const folder = await filled();
  const store = levelStore(folder);
  await store.open();
  await store.close();
  return folder;
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
  writeFileSync(file, bytes);
}

describe('a flipped bit', () => {
  test.each([
    ['in the log', filled, '.log'],
    ['in a table file', settled, '.ldb'],
  ])(
    '%s is told, wherever it is, or changes nothing',
    async (_, make, ending) => {
      const folder = await make();
      const whole = await find(copyOf(folder));
      expect(whole.told).toEqual([]);
      const { length } = readFileSync(databaseFile(folder, ending));
      const silent: number[] = [];
      let told = 0;
      const step = Math.max(1, Math.floor(length / 400));
      for (let at = 0; at < length; at += step) {
        const copy = copyOf(folder);
        flip(databaseFile(copy, ending), at);
        const found = await find(copy);
        if (found.told.length > 0) told += 1;
        else if (found.held !== whole.held) silent.push(at);
        rmSync(copy, { recursive: true });
      }
      expect(silent).toEqual([]);
      expect(told).toBeGreaterThan(100);
    },
    240_000,
  );

  test('in the middle of a long log is told, though LevelDB goes on behind it, and the end is there', async () => {
    const folder = place();
    const store = levelStore(folder);
    await store.open();
    await commit(store, { type: 'putSession', record: sessionRecord('a') });
    const value = new Uint8Array(1_000).fill(1);
    for (let count = 0; count < 150; count++) {
      await commit(store, { type: 'putEntry', table: 'ids', key: `order ${String(count)}`, value });
    }
    await store.close();
    flip(databaseFile(folder, '.log'), 50_000);
    const [damage] = await damageOf(folder);
    expect(damage).toMatchObject({ code: 'WILCO_STORE_DAMAGED', session: undefined });
    expect(damage?.detail).toMatch(/^commit \d+ is missing$/);
  });

  test('in one half of the witness is healed by the other, in both it is told once', async () => {
    const folder = await filled();
    const whole = await find(copyOf(folder));
    const witness = join(folder, 'witness');
    flip(witness, 10);
    expect(await find(folder)).toEqual(whole);
    for (const at of [10, 138]) flip(witness, at);
    expect((await find(folder)).told).toEqual(['WILCO_STORE_DAMAGED']);
    expect(await damageOf(folder)).toHaveLength(2);
  });
});

describe('a log', () => {
  test('that ends in the middle of an unfinished commit has lost nothing', async () => {
    const folder = await filled();
    const whole = await find(copyOf(folder));
    const file = databaseFile(folder, '.log');
    // The head of a record of LevelDB that says that much more follows.
    appendFileSync(file, Buffer.from([1, 2, 3, 4, 200, 0, 1, 9, 9, 9]));
    expect(await find(folder)).toEqual(whole);
  });

  test('that was cut off anywhere before its end is told, with the sessions that it concerns', async () => {
    const folder = await filled();
    const { length } = readFileSync(databaseFile(folder, '.log'));
    for (let end = 0; end < length; end += Math.floor(length / 30)) {
      const copy = copyOf(folder);
      truncateSync(databaseFile(copy, '.log'), end);
      const { told } = await find(copy);
      expect(told.length, `cut at ${String(end)} of ${String(length)}`).toBeGreaterThan(0);
      expect(['WILCO_STORE_SET_BACK', 'WILCO_STORE_DAMAGED']).toContain(told[0]);
    }
  });
});

describe('a store', () => {
  test('that is restored from an older copy without its witness is set back, until its sessions are dropped', async () => {
    const folder = await filled();
    const older = copyOf(folder);
    const store = levelStore(folder);
    await store.open();
    await commit(store, { type: 'putEntry', table: 'meta', key: 'y', value: Uint8Array.of(1) });
    await store.close();
    rmSync(join(folder, 'database'), { recursive: true });
    renameSync(join(older, 'database'), join(folder, 'database'));
    const told = await damageOf(folder);
    expect(told.map(({ code, session }) => [code, session])).toEqual([
      ['WILCO_STORE_SET_BACK', undefined],
    ]);
    expect((await damageOf(folder)).map(({ code, session }) => [code, session])).toEqual([
      ['WILCO_STORE_SET_BACK', 'a'],
      ['WILCO_STORE_SET_BACK', 'b'],
    ]);
    await store.open();
    await commit(store, { type: 'dropSession', session: 'a' });
    await store.close();
    expect((await damageOf(folder)).map(({ session }) => session)).toEqual(['b']);
  });

  test('that is copied whole is the same store, as far as it can know', async () => {
    const folder = await filled();
    const copy = copyOf(folder);
    expect(await find(copy)).toEqual(await find(folder));
    expect(await damageOf(copy)).toEqual([]);
  });

  test('whose folder was wiped is a new one; whose database alone was, has lost everything', async () => {
    const folder = await filled();
    const before = await openOnce(folder);
    rmSync(join(folder, 'database'), { recursive: true });
    const emptied = await openOnce(folder);
    expect(emptied.damage.map(({ code }) => code)).toEqual(['WILCO_STORE_SET_BACK']);
    expect(emptied.sessions).toEqual([]);
    rmSync(folder, { recursive: true });
    const wiped = await openOnce(folder);
    expect([wiped.damage, wiped.sessions, wiped.bootCount]).toEqual([[], [], 1]);
    expect(wiped.storeId).not.toBe(before.storeId);
  });

  test('whose witness is missing can not know where it ended, and says so', async () => {
    const folder = await filled();
    rmSync(join(folder, 'witness'));
    expect((await damageOf(folder)).map(({ code }) => code)).toEqual(['WILCO_STORE_SET_BACK']);
  });

  test('without its file CURRENT is left as it is, not begun anew', async () => {
    const folder = await settled();
    rmSync(join(folder, 'database', 'CURRENT'));
    const names = readdirSync(join(folder, 'database'));
    await expect(openOnce(folder)).rejects.toMatchObject({ code: 'WILCO_STORE_DAMAGED' });
    expect(readdirSync(join(folder, 'database'))).toEqual(names);
  });

  test.each([
    [0, 'older'],
    [2, 'newer'],
  ])('of format %i, which is %s, is not opened, and not changed', async (format, word) => {
    const folder = await filled();
    await write(folder, '!wilco!a', { format, storeId: 'x', bootCount: 1 });
    const opening = openOnce(folder);
    await expect(opening).rejects.toMatchObject({ code: 'WILCO_STORE_FORMAT' });
    await expect(opening).rejects.toThrow(word);
    await write(folder, '!wilco!a', { format: 1, storeId: 'x', bootCount: 5 });
    expect(await openOnce(folder)).toMatchObject({ bootCount: 6 });
  });

  test('with a record that nobody wrote says so once, and keeps it', async () => {
    const folder = await filled();
    await write(folder, '!wilco!zebra', {});
    const [damage] = await damageOf(folder);
    expect(damage?.detail).toContain('!wilco!zebra');
    const again = await damageOf(folder);
    expect(again.map(({ session }) => session)).toEqual(['a', 'b']);
  });

  test('with a hole in one session loses that session, and no other', async () => {
    const folder = await filled();
    await inDatabase(folder, (database) => database.del('!wilco!s00000001o01m00000000000005.1'));
    const damage = await damageOf(folder);
    expect(damage).toMatchObject([{ code: 'WILCO_STORE_DAMAGED', session: 'a' }]);
    expect(damage[0]?.detail).toContain('message 5 is missing');
  });

  test('finds a bad message of a long outbox when it is read, and remembers that', async () => {
    const folder = await filled();
    await inDatabase(folder, async (database) => {
      const key = '!wilco!s00000001o01m00000000000009.1';
      const value = await database.get(key);
      if (value !== undefined) value[3] = (value[3] ?? 0) ^ 1;
      await database.put(key, value ?? new Uint8Array());
    });
    const store = levelStore(folder, { head: { maxMessages: 3 } });
    expect((await store.open()).damage).toEqual([]);
    await expect(readAll(store, 'a')).rejects.toMatchObject({ code: 'WILCO_STORE_DAMAGED' });
    await expect(readAll(store, 'b')).resolves.toHaveLength(3);
    await store.close();
    expect((await damageOf(folder)).map(({ session }) => session)).toContain('a');
  });
});

async function openOnce(folder: string): Promise<StoreContents> {
  const store = levelStore(folder);
  const contents = await store.open();
  await store.close();
  return contents;
}

async function damageOf(folder: string): Promise<StoreContents['damage']> {
  return (await openOnce(folder)).damage;
}

/** Changes a record behind the back of the store. */
async function write(folder: string, key: string, words: unknown): Promise<void> {
  const writer = new RecordWriter();
  writer.begin(key);
  writeWords(writer, words);
  await inDatabase(folder, (database) => database.put(key, writer.end()));
}

async function inDatabase(
  folder: string,
  change: (database: ClassicLevel<string, Uint8Array>) => Promise<unknown>,
): Promise<void> {
  const path = join(folder, 'database');
  const database = new ClassicLevel<string, Uint8Array>(path, {
    valueEncoding: 'view',
    compression: false,
  });
  await change(database);
  await database.close();
}
