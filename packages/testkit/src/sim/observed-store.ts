import type { Store } from '@wilco/store';

/** Who wants to know of openings. */
export interface Observer {
  /** What the store finds wrong with what it holds. */
  told(damage: readonly string[]): void;
  /** What it is called here: ids of stores are random, and two runs of a seed are the same. */
  nameOf(storeId: string): string;
}

/** The same store, and somebody learns of its openings. */
export function observed(store: Store, observer: Observer): Store {
  const open = async (): ReturnType<Store['open']> => {
    const contents = await store.open();
    observer.told(contents.damage.map(({ code, detail }) => `${code}: ${detail}`));
    return { ...contents, storeId: observer.nameOf(contents.storeId) };
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'open') return open;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}
