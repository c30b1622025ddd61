import { decodeDeadLetter, type DeadLetter } from '@wilco/client';
import type { StoreReader } from '@wilco/store/level';
import type { Selection } from './stored-messages.ts';

/** An entry of the table of dead letters; `letter` is missing where it can not be read. */
export interface FoundLetter {
  readonly key: string;
  readonly bytes: number;
  readonly letter: DeadLetter | undefined;
}

/** Whoever gives the entries of a table: somebody who looks into a store, or has it open. */
export type TableReader = Pick<StoreReader, 'entries'>;

const ENTRIES_AT_ONCE = 256;

/** The dead letters of a store, the oldest first. Those that can't be read fit no selection. */
export async function* deadLettersOf(
  reader: TableReader,
  selection: Selection = {},
): AsyncGenerator<FoundLetter> {
  for await (const { key, value } of entriesOf(reader, 'deadLetters')) {
    const found = { key, bytes: value.byteLength, letter: readable(key, value) };
    if (fits(found, selection)) yield found;
  }
}

/** All entries of a table, in the order of their keys, read a page at a time. */
export async function* entriesOf(
  reader: TableReader,
  table: Parameters<StoreReader['entries']>[0],
): AsyncGenerator<Awaited<ReturnType<StoreReader['entries']>>[number]> {
  for (let after: string | undefined; ;) {
    const page = await reader.entries(table, { after, limit: ENTRIES_AT_ONCE });
    yield* page;
    if (page.length < ENTRIES_AT_ONCE) return;
    after = page.at(-1)?.key;
  }
}

function readable(key: string, value: Uint8Array): DeadLetter | undefined {
  try {
    return decodeDeadLetter(key, value);
  } catch {
    return undefined;
  }
}

function fits({ key, letter }: FoundLetter, { session, type, ids = [] }: Selection): boolean {
  if (ids.length > 0 && !ids.includes(key) && (letter === undefined || !ids.includes(letter.id))) {
    return false;
  }
  if (type !== undefined && letter?.type !== type) return false;
  return session === undefined || letter?.session.startsWith(session) === true;
}
