import { MemoryLevel } from 'memory-level';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../endpoint/test/manual-clock.ts';
import { levelStore } from '../../src/level/index.ts';
import { outgoing, readAll, sending, sessionRecord } from './records.ts';

interface Batch {
  readonly keys: readonly string[];
  readonly isSynced: boolean;
  readonly end: (error?: Error) => void;
}

describe('commits on a database', () => {
  test('that come while one is being synced become one batch, with one sync', async () => {
    const { store, batches, told } = await made();
    store.commit([putSession(), put(1)], told('first'));
    store.commit([put(2)], told('second'));
    store.commit([put(3)], told('third'));
    expect(told.log).toEqual([]);
    expect(batches).toHaveLength(1);
    batches[0]?.end();
    await quiet();
    expect(told.log).toEqual(['first']);
    expect(batches).toHaveLength(2);
    batches[1]?.end();
    await quiet();
    expect(told.log).toEqual(['first', 'second', 'third']);
    expect(batches.map(({ isSynced }) => isSynced)).toEqual([true, true]);
    // Two messages are one pack, and which there are is one record.
    expect(batches[1]?.keys).toEqual(['o01m00000000000003.2', 'o01', 'c00000000000003']);
  });

  test('of nothing but drops are done at once, and go along with the next', async () => {
    const { store, batches, told, clock } = await made();
    store.commit([putSession(), put(1), put(2)], told('put'));
    batches[0]?.end();
    await quiet();
    store.commit([drop(1), { type: 'putSending', record: sending('a', 3) }], told('dropped'));
    expect(told.log).toEqual(['put']);
    await quiet();
    expect(told.log).toEqual(['put', 'dropped']);
    expect(batches).toHaveLength(1);
    // What was dropped is not read any more, whatever the database has.
    await expect(readAll(store, 'a')).resolves.toMatchObject([{ seq: 2 }]);
    await clock.advance(999);
    expect(batches).toHaveLength(1);
    await clock.advance(2);
    expect(batches[1]?.isSynced).toBe(true);
    expect(batches[1]?.keys).toEqual(['o01', 'n01', 'c00000000000003']);
  });

  test('of drops are never told before what came earlier', async () => {
    const { store, batches, told } = await made();
    store.commit([putSession(), put(1)], told('put'));
    store.commit([drop(1)], told('dropped'));
    await quiet();
    expect(told.log).toEqual([]);
    batches[0]?.end();
    await quiet();
    expect(told.log).toEqual(['put', 'dropped']);
  });

  test('that fail are the end: nothing is told as kept after a sync that failed', async () => {
    const { store, batches, told } = await made();
    store.commit([putSession(), put(1)], told('first'));
    store.commit([put(2)], told('second'));
    batches[0]?.end(new Error('IO error: fdatasync: Input/output error'));
    await quiet();
    store.commit([put(3)], told('third'));
    store.commit([drop(1)], told('fourth'));
    await quiet();
    const failed = ['first', 'second', 'third', 'fourth'].map(
      (name) => `${name} WILCO_STORE_FAILED`,
    );
    expect(told.log).toEqual(failed);
    expect(batches).toHaveLength(1);
    await store.close();
  });

  test('that find no room are tried again after the database was opened anew', async () => {
    const { store, batches, told, clock, database } = await made();
    const full: boolean[] = [];
    store.watchFull((isFull) => full.push(isFull));
    store.commit([putSession(), put(1)], told('first'));
    store.commit([put(2)], told('second'));
    const openedBefore = database.opened;
    batches[0]?.end(new Error('IO error: 000003.log: No space left on device'));
    await quiet();
    expect([store.isFull, told.log]).toEqual([true, []]);
    await clock.advance(60);
    await quiet();
    expect(database.opened).toBe(openedBefore + 1);
    expect(batches[1]?.keys).toEqual(batches[0]?.keys);
    batches[1]?.end();
    await quiet();
    batches[2]?.end();
    await quiet();
    expect(told.log).toEqual(['first', 'second']);
    expect([store.isFull, full]).toEqual([false, [true, false]]);
    await expect(readAll(store, 'a')).resolves.toHaveLength(2);
  });

  test('that find no room and made it nevertheless are not written again', async () => {
    const { store, batches, told, clock, database } = await made();
    store.commit([putSession(), put(1)], told('first'));
    await database.writeThrough(0);
    batches[0]?.end(new Error('IO error: 000003.log: No space left on device'));
    await quiet();
    await clock.advance(60);
    await quiet();
    expect([told.log, batches.length]).toEqual([['first'], 1]);
  });

  test('and a close that waits for room gives up with a word', async () => {
    const { store, batches, told } = await made();
    store.commit([putSession(), put(1)], told('first'));
    batches[0]?.end(new Error('IO error: 000003.log: No space left on device'));
    await quiet();
    await store.close();
    expect(told.log).toEqual(['first WILCO_STORE_FULL']);
  });

  test('of misuse throw, and are the end', async () => {
    const { store, told } = await made();
    expect(() => store.commit([put(1)], told('orphan'))).toThrow('has no record');
    store.commit([putSession()], told('after'));
    await quiet();
    expect(told.log).toEqual(['after WILCO_STORE_FAILED']);
  });

  test('take no writes that the database would refuse', async () => {
    const { store } = await made();
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const encoded = { valueEncoding: 'json', key: 'x' };
    for (const effect of [
      17,
      [17],
      [{ type: 'get', key: 'x' }],
      [{ type: 'put', value: 'x' }],
      [{ type: 'put', key: 'x' }],
      [{ type: 'put', value: cycle, ...encoded }],
    ]) {
      expect(() => store.checkEffect(effect)).toThrow('WILCO_OPTION_INVALID');
    }
    store.checkEffect([
      { type: 'put', value: { a: 1 }, ...encoded },
      { type: 'del', key: 'x' },
    ]);
  });
});

/** A database whose batches end when they are told to. */
class Gated extends MemoryLevel {
  opened = 0;
  readonly batches: Batch[] = [];
  readonly #held: unknown[][] = [];
  isGated = false;

  constructor() {
    super({ passive: true } as never);
  }

  override async open(): Promise<void> {
    this.opened += 1;
    await super.open();
  }

  override batch(): never;
  override batch(operations: unknown, options?: unknown): Promise<void>;
  override batch(operations?: unknown, options: unknown = {}): unknown {
    const list = operations as { readonly key: string }[];
    const write = (): Promise<void> => super.batch(list as never, options as never);
    if (!this.isGated) return write();
    this.#held.push(list);
    return new Promise<void>((resolve, reject) => {
      this.batches.push({
        keys: list.map(({ key }) => key.replace(/^!wilco!(s00000001)?/, '')),
        isSynced: (options as { readonly sync?: boolean }).sync === true,
        end: (error) => {
          if (error === undefined) void write().then(resolve);
          else reject(error);
        },
      });
    });
  }

  async writeThrough(index: number): Promise<void> {
    await super.batch((this.#held[index] ?? []) as never);
  }
}

async function made() {
  const database = new Gated();
  await database.open();
  const clock = new ManualClock();
  const store = levelStore({ database, clock });
  await store.open();
  database.isGated = true;
  const log: string[] = [];
  const told = Object.assign(
    (name: string) => (error?: unknown) => {
      log.push([name, (error as { code?: string } | undefined)?.code].join(' ').trim());
    },
    { log },
  );
  return { store, database, clock, told, batches: database.batches };
}

/** Lets the promises of a database in memory come to rest. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function putSession() {
  return { type: 'putSession', record: sessionRecord('a') } as const;
}

function put(seq: number) {
  return { type: 'putOutgoing', record: outgoing('a', seq) } as const;
}

function drop(seq: number) {
  return { type: 'dropOutgoing', session: 'a', channel: 1, from: seq, to: seq + 1 } as const;
}
