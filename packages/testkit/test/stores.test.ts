import { describe, expect, test } from 'vitest';
import type { SessionRecord, StoreOperation } from '@wilco/protocol';
import { memoryStore } from '@wilco/store';
import {
  FaultyStore,
  SeededRandom,
  storeContract,
  VirtualClock,
  type StoreFaults,
} from '../src/index.ts';

const SESSION: SessionRecord = {
  session: 'a',
  role: 'client',
  peerRunId: undefined,
  serverId: undefined,
  token: undefined,
  tokenHashes: [],
  identity: undefined,
  attempt: undefined,
};

const CASES = [
  ...storeContract('a memory store that keeps', () => {
    const store = memoryStore({ keep: true });
    return { store, application: applicationOf(store) };
  }),
  ...storeContract('a slow faulty store', () => {
    const { store, clock } = faultyStore({ commitMs: 20, openMs: 5 });
    const letTimePass = async () => {
      await clock.run(clock.nowMs() + 100);
    };
    return { store, letTimePass, application: applicationOf(store) };
  }),
];

describe('the contract of stores', () => {
  test.each(CASES)('$name', async ({ run }) => run());
});

describe('a faulty store', () => {
  test('takes its time, in virtual milliseconds', async () => {
    const { store, clock } = await opened({ commitMs: 1_000 });
    let doneAtMs = 0;
    store.commit([], () => (doneAtMs = clock.nowMs()));
    await clock.run(2_000);
    expect(doneAtMs).toBeGreaterThan(1);
    expect(doneAtMs).toBeLessThanOrEqual(1_000);
    expect(store.counts.slowCommit).toBe(1);
  });

  test('fails every commit after the first that failed', async () => {
    const { store, clock } = await opened({ failRate: 1 });
    const errors: unknown[] = [];
    store.commit([putSession()], (error) => errors.push(error));
    store.faults = {};
    store.commit([putSession()], (error) => errors.push(error));
    await clock.run(10);
    expect(errors.map(String)).toEqual(['Error: the disk is full', 'Error: the disk is full']);
    expect(store.size).toBe(0);
  });

  test('may never answer', async () => {
    const { store, clock } = await opened({ hangRate: 1 });
    let isDone = false;
    store.commit([putSession()], () => (isDone = true));
    await clock.run(1_000_000);
    expect([isDone, store.counts.hungCommit]).toEqual([false, 1]);
  });

  test('loses in a crash what was not completed, but for a first part that reached the disk', async () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { store, clock } = await opened({ commitMs: 0 }, seed);
      for (const id of ['a', 'b', 'c']) store.commit([putSession(id)], () => expect.unreachable());
      const heir = store.crash();
      await clock.run(10);
      const names = heir.contents().sessions.map(({ session }) => session.session);
      expect(names).toEqual(['a', 'b', 'c'].slice(0, names.length));
      sizes.add(names.length);
    }
    expect([...sizes].sort()).toEqual([0, 1, 2, 3]);
  });

  test('may lose the last drops in a crash, though they were done; never those before something that holds', async () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { store, clock } = await opened({}, seed);
      store.commit([putSession()], () => {});
      for (const key of ['a', 'b', 'c', 'd']) store.commit([putEntry(key)], () => {});
      store.commit([{ type: 'dropEntry', table: 'ids', key: 'a' }], () => {});
      store.commit([putSession()], () => {});
      let isDone = false;
      for (const key of ['b', 'c'])
        store.commit([{ type: 'dropEntry', table: 'ids', key }], () => {});
      store.commit([{ type: 'dropEntry', table: 'ids', key: 'd' }], () => (isDone = true));
      await clock.run(10);
      expect(isDone).toBe(true);
      sizes.add(store.crash().size);
    }
    expect([...sizes].sort()).toEqual([1, 2, 3, 4]);
  });

  test('says when it is full, and when it has room again, until it is closed', async () => {
    const { store } = await opened();
    const told: boolean[] = [];
    store.watchFull((isFull) => told.push(isFull));
    store.isFull = true;
    store.isFull = true;
    store.isFull = false;
    void store.close();
    store.isFull = true;
    expect([told, store.isFull]).toEqual([[true, false], true]);
  });

  test('finds the damage that it is told to', async () => {
    const damage = [{ code: 'WILCO_STORE_DAMAGED' as const, detail: 'a hole', session: 'a' }];
    const { store, clock } = faultyStore({ damage });
    const opening = store.open();
    await clock.run(0);
    expect((await opening).damage).toEqual(damage);
  });

  test('keeps its id through a crash, not through a wipe, and counts each opening', async () => {
    const { store } = await opened();
    const heir = store.crash();
    expect(await open(heir)).toMatchObject({ storeId: 'disk', bootCount: 2 });
    const fresh = heir.wipe('another disk');
    expect(await open(fresh)).toMatchObject({
      storeId: 'another disk',
      bootCount: 1,
      sessions: [],
    });
  });

  test('is set back to an older state by opening a clone made earlier', async () => {
    const { store, clock } = await opened();
    store.commit([putSession('a')], () => {});
    await clock.run(10);
    const backup = store.clone();
    store.commit([putSession('b')], () => {});
    await clock.run(20);
    expect([store.size, backup.size]).toEqual([2, 1]);
  });

  test('claims to be worth what it is told to', () => {
    const clock = new VirtualClock();
    const random = new SeededRandom(1);
    expect(new FaultyStore({ clock, random, storeId: 'x', worth: 'synced' }).worth).toBe('synced');
  });
});

function faultyStore(faults: StoreFaults = {}, seed = 1) {
  const clock = new VirtualClock();
  const random = new SeededRandom(seed);
  return { clock, store: new FaultyStore({ clock, random, storeId: 'disk', faults }) };
}

async function opened(faults: StoreFaults = {}, seed = 1) {
  const made = faultyStore(faults, seed);
  const opening = made.store.open();
  await made.clock.run(0);
  await opening;
  return made;
}

/** Stores of one test share the clock of the first; it only has to move. */
async function open(store: FaultyStore) {
  const contents = store.contents();
  void store.open();
  return { ...contents, bootCount: contents.bootCount + 1 };
}

/** The writes of an application, for a store that keeps them by key. */
function applicationOf(store: { readonly application: ReadonlyMap<string, unknown> }) {
  return {
    put: (key: string, value: string) => [{ type: 'put', key, value }],
    read: (key: string) => Promise.resolve(store.application.get(key)),
  };
}

function putEntry(key: string): StoreOperation {
  return { type: 'putEntry', table: 'ids', key, value: new Uint8Array() };
}

function putSession(session = 'a'): StoreOperation {
  return { type: 'putSession', record: { ...SESSION, session } };
}
