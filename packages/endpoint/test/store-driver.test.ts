import { describe, expect, test } from 'vitest';
import { memoryStore, type Store } from '@wilco/store';
import type { StoreOperation } from '@wilco/protocol';
import { StoreDriver } from '../src/store-driver.ts';
import { storeAround } from '../../store/test/store-around.ts';
import { ManualClock } from './manual-clock.ts';

describe('the store of an endpoint', () => {
  test('gets in one commit what all sessions persist in one turn, in order', async () => {
    const { driver, commits, clock, told } = make();
    driver.persist(drop('a'));
    driver.commit(told('a'));
    driver.persist(drop('b'));
    driver.commit(told('b'));
    await clock.settle();
    driver.persist(drop('c'));
    driver.commit(told('c'));
    await clock.settle();
    expect(commits.map(({ operations }) => operations.map(nameOf))).toEqual([['a', 'b'], ['c']]);
    expect(told.log).toEqual([]);
    commits[0]?.done();
    expect(told.log).toEqual(['a', 'b']);
    commits[1]?.done();
    expect(told.log).toEqual(['a', 'b', 'c']);
  });

  test('gets it as soon as the turn is over, and what is persisted later in a commit of its own', async () => {
    const { driver, commits, clock, told } = make();
    driver.turnIsOver();
    driver.persist(drop('a'));
    driver.commit(told('a'));
    driver.turnIsOver();
    expect(commits.map(({ operations }) => operations.map(nameOf))).toEqual([['a']]);
    driver.persist(drop('b'));
    await clock.settle();
    expect(commits).toHaveLength(1);
    driver.commit(told('b'));
    await clock.settle();
    expect(commits.map(({ operations }) => operations.map(nameOf))).toEqual([['a'], ['b']]);
  });

  test('asks whoever has a part in a commit for the rest of it, ahead of that commit', async () => {
    const { driver, commits, clock, told } = make();
    const complete = (): void => {
      driver.persist(drop('b, second half'));
      driver.commit(told('b'));
    };
    driver.commit(told('a'));
    driver.completeWith({ complete });
    driver.persist(drop('b'));
    await clock.settle();
    driver.persist(drop('c'));
    driver.commit(told('c'));
    await clock.settle();
    expect(commits.map(({ operations }) => operations.map(nameOf))).toEqual([
      ['b', 'b, second half'],
      ['c'],
    ]);
    commits[0]?.done();
    expect(told.log).toEqual(['a', 'b']);
  });

  test('that failed once is committed to no more, and everybody is told', async () => {
    const { driver, commits, clock, told } = make();
    driver.persist(drop('a'));
    driver.commit(told('a'));
    await clock.settle();
    commits[0]?.done(new Error('no space'));
    commits[0]?.done();
    driver.persist(drop('b'));
    driver.commit(told('b'));
    await clock.settle();
    expect(commits).toHaveLength(1);
    expect(told.log).toEqual(['a WILCO_STORE_FAILED', 'b WILCO_STORE_FAILED']);
  });

  test('that does not answer in time has failed, whoever waits for it', async () => {
    const { driver, commits, clock, told } = make();
    driver.persist(drop('a'));
    driver.commit(told('a'));
    await clock.advance(20_000);
    driver.persist(drop('b'));
    driver.commit(told('b'));
    await clock.advance(9_000);
    expect(told.log).toEqual([]);
    await clock.advance(2_000);
    expect(told.log).toEqual(['a WILCO_STORE_FAILED']);
    commits[0]?.done();
    commits[1]?.done();
    expect(told.log).toEqual(['a WILCO_STORE_FAILED', 'b WILCO_STORE_FAILED']);
    expect(clock.pending).toBe(0);
  });

  test('that throws has failed', async () => {
    const { driver, clock, told } = make(() => {
      throw new Error('broken');
    });
    driver.persist(drop('a'));
    driver.commit(told('a'));
    await clock.settle();
    expect(told.log).toEqual(['a WILCO_STORE_FAILED']);
  });

  test('that can not be opened says so by its code', async () => {
    const store: Store = { ...broken(), open: () => Promise.reject(new Error('locked')) };
    const driver = new StoreDriver(store, new ManualClock());
    await expect(driver.open()).rejects.toMatchObject({ code: 'WILCO_STORE_FAILED' });
  });

  test('that keeps nothing is never committed to, and all is kept at once', async () => {
    const clock = new ManualClock();
    for (const store of [undefined, memoryStore()]) {
      const driver = new StoreDriver(store, clock);
      const log: unknown[] = [];
      driver.persist(drop('a'));
      driver.commit((error) => log.push(error));
      await clock.settle();
      expect([driver.isVolatile, driver.worth, log]).toEqual([true, 'memory', [undefined]]);
      await driver.close();
    }
  });
});

interface Commit {
  readonly operations: readonly StoreOperation[];
  readonly done: (error?: unknown) => void;
}

function make(commit?: Store['commit']) {
  const clock = new ManualClock();
  const commits: Commit[] = [];
  const store: Store = {
    ...broken(),
    commit: commit ?? ((operations, done) => void commits.push({ operations, done })),
  };
  const log: string[] = [];
  const told = Object.assign(
    (name: string) => (error: { code: string } | undefined) => {
      log.push([name, error?.code].join(' ').trim());
    },
    { log },
  );
  return { driver: new StoreDriver(store, clock), commits, clock, told };
}

function broken(): Store {
  return storeAround(memoryStore({ keep: true }), {
    worth: 'synced',
    open: () => Promise.reject(new Error('not here')),
    commit: () => {},
    close: () => Promise.reject(new Error('not here')),
  });
}

function drop(session: string): StoreOperation {
  return { type: 'dropSession', session };
}

function nameOf(operation: StoreOperation): string {
  return operation.type === 'dropSession' ? operation.session : operation.type;
}
