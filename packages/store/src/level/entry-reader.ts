import type { StoreEntry } from '@wilco/protocol';
import type { EntryRange } from '../store.ts';
import { ENCODINGS, scan, type LevelDatabase } from './level-database.ts';
import { RecordReader } from './record-reader.ts';

/** The value of one entry; `undefined` for none. */
export async function readEntry(
  database: LevelDatabase,
  key: string,
): Promise<Uint8Array | undefined> {
  const [value] = await database.getMany([key], ENCODINGS);
  return value === undefined ? undefined : new RecordReader(key, value).rest();
}

/** The first entries of a table behind a key, ascending. */
export async function readEntries(
  database: LevelDatabase,
  table: string,
  { after, limit }: EntryRange,
): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = [];
  if (limit <= 0) return entries;
  const end = `${table.slice(0, -1)}"`;
  const range = after === undefined ? { gte: table, lt: end } : { gt: `${table}${after}`, lt: end };
  const reading = { hasValues: true, atOnce: Math.min(limit, 512) };
  await scan(database, { ...range, limit }, reading, (key, value) => {
    entries.push({ key: key.slice(table.length), value: new RecordReader(key, value).rest() });
    return entries.length < limit;
  });
  return entries;
}
