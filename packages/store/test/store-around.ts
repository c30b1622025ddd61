import type { Store } from '../src/index.ts';

/** A store like another one, but for what is named. */
export function storeAround(store: Store, changes: Partial<Store> = {}): Store {
  return {
    worth: store.worth,
    isVolatile: store.isVolatile,
    isFull: store.isFull,
    watchFull: (changed) => store.watchFull(changed),
    open: () => store.open(),
    commit: (operations, done) => store.commit(operations, done),
    checkEffect: (effect) => store.checkEffect(effect),
    readOutgoing: (range, done) => store.readOutgoing(range, done),
    readEntry: (table, key, done) => store.readEntry(table, key, done),
    readEntries: (table, range, done) => store.readEntries(table, range, done),
    close: () => store.close(),
    ...changes,
  };
}
