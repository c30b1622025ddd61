import type { Store } from '@wilco/store';

/** The same store; `told` learns at its opening what it finds wrong with what it holds. */
export function observed(store: Store, told: (damage: readonly string[]) => void): Store {
  const open = async (): ReturnType<Store['open']> => {
    const contents = await store.open();
    told(contents.damage.map(({ code, detail }) => `${code}: ${detail}`));
    return contents;
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'open') return open;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}
