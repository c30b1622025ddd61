import { WilcoError, type SessionContents } from '@wilco/protocol';
import type { OutgoingHead, StoreDamage } from '../store.ts';
import { ENCODINGS, scan, type LevelDatabase, type LevelWrite } from './level-database.ts';
import { scanCommits, scanSessions, type StoreScan } from './opening-scan.ts';
import { readValues } from './log-reader.ts';
import type { RecordWriter } from './record-writer.ts';
import { readSession, sentence } from './session-reader.ts';
import { readWords, writeWords } from './session-records.ts';
import type { StoreKeys } from './store-keys.ts';
import { StoreState } from './store-state.ts';
import type { Testimony } from './witness.ts';

/** How records are laid out: another number is another layout. */
export const FORMAT = 1;

/** What stands in the first record of a store. */
export interface Root {
  readonly format: number;
  readonly storeId: string;
  readonly bootCount: number;
}

/** What was found in a database. */
export interface Found {
  /** `undefined` where there is no store yet. */
  readonly root: Root | undefined;
  readonly state: StoreState;
  readonly sessions: readonly SessionContents[];
  /** What is wrong, this time or already at an earlier opening. */
  readonly damage: readonly StoreDamage[];
  /** Damage of no one session that was told at an earlier opening: each is told once. */
  readonly told: readonly string[];
  /** The newest commit, and since which number the marks of all are there. */
  readonly newest: number;
  readonly floor: number;
}

/**
 * Reads a store: what it holds, and whether that is all that it held.
 *
 * @throws {@link WilcoError} `WILCO_STORE_FORMAT` for one of another version, and
 *   `WILCO_STORE_DAMAGED` where not even that can be read: nothing is changed then.
 */
export async function readStore(
  database: LevelDatabase,
  keys: StoreKeys,
  head: Required<OutgoingHead>,
): Promise<Found> {
  const root = await readRoot(database, keys);
  const commits = await scanCommits(database, keys);
  const found = await scanSessions(database, keys);
  const state = new StoreState(keys);
  const sessions: SessionContents[] = [];
  const damage: StoreDamage[] = wholeDamage(commits.damage, found);
  const told = await readTold(database, keys, damage);
  for (const [number, session] of found.sessions) {
    state.nextNumber = Math.max(state.nextNumber, number + 1);
    if (found.dropped.has(number)) continue;
    const read = await readSession(database, keys.session(number), session, head);
    if (read === undefined) {
      damage.push(damaged(`${keys.session(number)} is missing, or can not be read`));
      continue;
    }
    state.sessions.set(read.state.name, read.state);
    sessions.push(read.contents);
    if (read.known !== undefined) damage.push({ ...read.known, session: read.state.name });
    for (const detail of read.findings) damage.push(damaged(detail, read.state.name));
  }
  for (const number of found.dropped) {
    state.dropped.add(number);
    state.nextNumber = Math.max(state.nextNumber, number + 1);
  }
  const { newest, floor } = commits;
  const news = damage.filter(({ session, detail }) => session !== undefined || !told.has(detail));
  return { root, state, sessions, damage: news, told: [...told], newest, floor };
}

/**
 * What a witness makes of a store.
 *
 * @returns why all its sessions are lost; `undefined` where they are not.
 */
export function judge(testimony: Testimony, { root, newest }: Found): StoreDamage | undefined {
  switch (testimony.state) {
    case 'missing':
      if (root === undefined) return undefined;
      return setBack('the file that knows its newest commit is missing, so its end may be too');
    case 'unreadable':
      // It is written and synced before the first record: so this one was never finished.
      if (root === undefined) return undefined;
      return damaged('the file that knows its newest commit can not be read');
    case 'said':
      if (testimony.number === 0 && root === undefined) return undefined;
      if (root === undefined) return setBack(`it is empty, and held ${said(testimony.number)}`);
      if (root.storeId !== testimony.storeId) {
        return setBack(`it is ${root.storeId}, and was ${testimony.storeId}`);
      }
      if (newest >= testimony.number) return undefined;
      return setBack(`it ends with commit ${String(newest)}, and held ${said(testimony.number)}`);
  }
}

/**
 * Notes what is wrong: with a session, until it is dropped, since one opening may not be enough
 * to tell its peer; with the store, once and for all.
 */
export function damageWrites(
  { state, told }: Found,
  damage: readonly StoreDamage[],
  writer: RecordWriter,
): LevelWrite[] {
  const writes: LevelWrite[] = [];
  const details = damage.filter(({ session }) => session === undefined).map((one) => one.detail);
  if (details.length > 0) {
    writer.begin(state.keys.told);
    writeWords(writer, [...new Set([...told, ...details])]);
    writes.push({ type: 'put', key: state.keys.told, value: writer.end(), ...ENCODINGS });
  }
  for (const session of state.sessions.values()) {
    const found = damage.find((one) => one.session === undefined || one.session === session.name);
    if (found === undefined) continue;
    const key = `${session.key}!`;
    writer.begin(key);
    writeWords(writer, { code: found.code, detail: found.detail });
    writes.push({ type: 'put', key, value: writer.end(), ...ENCODINGS });
  }
  return writes;
}

/** The first record, for this opening. */
export function rootWrite(keys: StoreKeys, root: Root, writer: RecordWriter): LevelWrite {
  writer.begin(keys.root);
  writeWords(writer, root);
  return { type: 'put', key: keys.root, value: writer.end(), ...ENCODINGS };
}

/** @throws {@link WilcoError} `WILCO_STORE_FORMAT`, `WILCO_STORE_DAMAGED`. */
async function readRoot(database: LevelDatabase, keys: StoreKeys): Promise<Root | undefined> {
  const [value] = await readValues(database, [keys.root]);
  if (value === undefined) {
    await assertEmpty(database, keys);
    return undefined;
  }
  const root = readWords(keys.root, value) as Root;
  if (root.format === FORMAT) return root;
  const which = root.format > FORMAT ? 'newer' : 'older';
  throw new WilcoError(
    'WILCO_STORE_FORMAT',
    `the store has format ${String(root.format)}, which is ${which} than this version's ${String(FORMAT)}`,
  );
}

/** What can not be read was not told: it is told again. */
async function readTold(
  database: LevelDatabase,
  keys: StoreKeys,
  damage: StoreDamage[],
): Promise<Set<string>> {
  const [value] = await readValues(database, [keys.told]);
  if (value === undefined) return new Set();
  try {
    return new Set(readWords(keys.told, value) as string[]);
  } catch (error) {
    damage.push(damaged(sentence(error)));
    return new Set();
  }
}

async function assertEmpty(database: LevelDatabase, keys: StoreKeys): Promise<void> {
  const range = { gte: keys.prefix, lt: keys.end, limit: 1 };
  await scan(database, range, { hasValues: false, atOnce: 1 }, (key) => {
    throw new WilcoError(
      'WILCO_STORE_DAMAGED',
      `the record ${keys.root} is missing, ${key} is not`,
    );
  });
}

function wholeDamage(commits: string | undefined, { strange }: StoreScan): StoreDamage[] {
  const details = commits === undefined ? [] : [commits];
  const [first] = strange;
  if (first !== undefined) {
    const more = strange.length > 1 ? ` and ${String(strange.length - 1)} more` : '';
    details.push(`${JSON.stringify(first)}${more} was never written`);
  }
  return details.map((detail) => damaged(detail));
}

function damaged(detail: string, session?: string): StoreDamage {
  return { code: 'WILCO_STORE_DAMAGED', detail, session };
}

function setBack(detail: string): StoreDamage {
  return { code: 'WILCO_STORE_SET_BACK', detail, session: undefined };
}

function said(number: number): string {
  return `commit ${String(number)}`;
}
