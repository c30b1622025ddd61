import { WilcoError } from '@wilco/protocol';
import type { LevelDatabase } from './level-database.ts';

/** How the parts of `abstract-level` turn values into bytes; some databases have no such thing. */
interface Encoding {
  encode(value: unknown): unknown;
}

interface Encodes {
  keyEncoding?(name?: unknown): Encoding;
  valueEncoding?(name?: unknown): Encoding;
}

interface Write {
  readonly type?: unknown;
  readonly key?: unknown;
  readonly value?: unknown;
  readonly sublevel?: Encodes | undefined;
  readonly keyEncoding?: unknown;
  readonly valueEncoding?: unknown;
}

/**
 * Refuses what a batch of the database would refuse: there it would be the end of the store.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`
 */
export function checkLevelEffect(database: LevelDatabase | undefined, effect: unknown): void {
  if (!Array.isArray(effect)) {
    throw invalid(`writes are ${typeof effect}, wanted a list of batch operations`);
  }
  for (const write of effect as readonly unknown[]) checkWrite(database, write);
}

function checkWrite(database: LevelDatabase | undefined, write: unknown): void {
  if (typeof write !== 'object' || !write) {
    throw invalid(`a write is ${typeof write}, wanted a batch operation`);
  }
  const { type, key, value, sublevel, keyEncoding, valueEncoding } = write as Write;
  if (type !== 'put' && type !== 'del') {
    throw invalid(`the type of a write is ${String(type)}, wanted 'put' or 'del'`);
  }
  if (isNothing(key)) throw invalid('a write has no key');
  if (type === 'put' && isNothing(value)) throw invalid(`the write of ${String(key)} has no value`);
  const encodes = sublevel ?? (database as Encodes | undefined);
  try {
    encodes?.keyEncoding?.(keyEncoding).encode(key);
    if (type === 'put') encodes?.valueEncoding?.(valueEncoding).encode(value);
  } catch (cause) {
    throw invalid(`the write of ${String(key)} can not be encoded: ${String(cause)}`, cause);
  }
}

function isNothing(value: unknown): boolean {
  return value === undefined || Object.is(value, NULL);
}

/** What JSON has for nothing. */
const NULL: unknown = JSON.parse('null');

function invalid(detail: string, cause?: unknown): WilcoError {
  return new WilcoError('WILCO_OPTION_INVALID', detail, { cause });
}
