import { WilcoError } from '@wilco/protocol';

/** One write of an application into a store in memory: as a batch of abstract-level has it. */
export type ApplicationWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown }
  | { readonly type: 'del'; readonly key: string };

/**
 * What an application wrote with the commits of its store. An effect is a list of
 * {@link ApplicationWrite}; their keys are the application's own.
 */
export class ApplicationImage {
  readonly values = new Map<string, unknown>();

  /** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for what is no list of writes. */
  static check(effect: unknown): asserts effect is readonly ApplicationWrite[] {
    if (Array.isArray(effect) && effect.every(isWrite)) return;
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `writes are ${typeof effect}, wanted a list of { type: 'put', key, value } and { type: 'del', key }`,
    );
  }

  apply(effect: unknown): void {
    ApplicationImage.check(effect);
    for (const write of effect) {
      if (write.type === 'put') this.values.set(write.key, write.value);
      else this.values.delete(write.key);
    }
  }

  clone(): ApplicationImage {
    const copy = new ApplicationImage();
    for (const [key, value] of this.values) copy.values.set(key, value);
    return copy;
  }
}

function isWrite(write: unknown): write is ApplicationWrite {
  if (typeof write !== 'object' || !write) return false;
  const { type, key } = write as { readonly type?: unknown; readonly key?: unknown };
  if (typeof key !== 'string') return false;
  return type === 'del' || (type === 'put' && 'value' in write);
}
