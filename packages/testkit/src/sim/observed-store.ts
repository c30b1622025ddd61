import type { SessionContents, StoreOperation } from '@wilco/protocol';
import type { Store } from '@wilco/store';

/** Who wants to know of openings and commits. */
export interface Observer {
  /** What the store finds wrong with what it holds. */
  told(damage: readonly string[]): void;
  /** What it holds. */
  opened(sessions: readonly SessionContents[]): void;
  /** What it is given; whether that is kept shows at the next opening. */
  commits(operations: readonly StoreOperation[]): void;
  /** What it is called here: ids of stores are random, and two runs of a seed are the same. */
  nameOf(storeId: string): string;
}

/** The same store, and somebody learns of its openings and commits. */
export function observed(store: Store, observer: Observer): Store {
  const open = async (): ReturnType<Store['open']> => {
    const contents = await store.open();
    observer.told(contents.damage.map(({ code, detail }) => `${code}: ${detail}`));
    observer.opened(contents.sessions);
    return { ...contents, storeId: observer.nameOf(contents.storeId) };
  };
  const commit: Store['commit'] = (operations, done) => {
    observer.commits(operations);
    store.commit(operations, done);
  };
  const watched: Readonly<Record<string, unknown>> = { open, commit };
  return new Proxy(store, {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(watched, name)) return watched[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}
