/** What a database is told of each key and value of the store. */
export interface LevelEncodings {
  readonly keyEncoding: 'utf8';
  readonly valueEncoding: 'view';
}

/** The encodings of all that the store writes itself, whatever the defaults of the database are. */
export const ENCODINGS: LevelEncodings = { keyEncoding: 'utf8', valueEncoding: 'view' };

/** A change that the store writes itself. */
export type LevelWrite = LevelEncodings &
  (
    | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
    | { readonly type: 'del'; readonly key: string }
  );

/** Which keys are meant. */
export interface LevelRange {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly limit?: number;
}

/** Reads a range in the order of its keys. */
export interface LevelIterator {
  /** At most `size` more; none at the end. */
  nextv(size: number): Promise<[unknown, unknown][]>;
  close(): Promise<void>;
}

/**
 * The part of an `abstract-level` database that a store needs. Batches hold whole or not at
 * all; keys are in the order of their bytes. Without effects of the application its batches
 * are of {@link LevelWrite} alone.
 */
export interface LevelDatabase {
  readonly status: string;
  open(): Promise<void>;
  close(): Promise<void>;
  batch(operations: unknown[], options: { readonly sync?: boolean }): Promise<void>;
  getMany(keys: string[], options: LevelEncodings): Promise<unknown[]>;
  iterator(
    options: LevelRange &
      LevelEncodings & {
        readonly keys?: boolean;
        readonly values?: boolean;
        readonly fillCache?: boolean;
        readonly highWaterMarkBytes?: number;
      },
  ): LevelIterator;
  clear(options: LevelRange & LevelEncodings): Promise<void>;
}

const UTF8 = new TextDecoder('utf-8');

/** A key, in whichever form a database gives it. */
export function keyText(key: unknown): string {
  return typeof key === 'string' ? key : UTF8.decode(key as Uint8Array);
}

/** One piece of a range, at most: fewer trips to the disk's threads than by default. */
const BYTES_AT_ONCE = 262_144;

/** Reads a range piece by piece, and calls `take` for each entry, in order, until it returns `false`. */
export async function scan(
  database: LevelDatabase,
  range: LevelRange,
  reading: { readonly hasValues: boolean; readonly atOnce: number },
  take: (key: string, value: Uint8Array) => boolean | undefined,
): Promise<void> {
  const iterator = database.iterator({
    ...range,
    ...ENCODINGS,
    values: reading.hasValues,
    fillCache: false,
    highWaterMarkBytes: BYTES_AT_ONCE,
  });
  const takeOne = ([key, value]: [unknown, unknown]): boolean =>
    take(keyText(key), value as Uint8Array) !== false;
  try {
    for (;;) {
      const entries = await iterator.nextv(reading.atOnce);
      if (entries.length === 0 || !entries.every(takeOne)) return;
    }
  } finally {
    await iterator.close();
  }
}
