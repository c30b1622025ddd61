import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  ENTRY_TABLES,
  WilcoError,
  type ChannelNumber,
  type EntryTable,
  type IncomingRecord,
  type OutgoingRecord,
  type Position,
  type SessionContents,
  type SessionId,
  type StoreEntry,
} from '@wilco/protocol';
import type { EntryRange, StoreDamage } from '../store.ts';
import { readEntries } from './entry-reader.ts';
import { scan, type LevelDatabase } from './level-database.ts';
import { openClassicLevel, openingError } from './level-place.ts';
import { readMessages, type PageRange } from './log-reader.ts';
import type { MessageLog } from './message-log.ts';
import { readPack } from './message-packs.ts';
import { judge, readStore, type Found } from './opening.ts';
import { RecordReader } from './record-reader.ts';
import { sentence } from './session-reader.ts';
import { parseSessionKey, StoreKeys } from './store-keys.ts';
import type { SessionState } from './store-state.ts';
import { processClock } from './store-clock.ts';
import { Witness } from './witness.ts';
import { witnessFile } from './witness-file.ts';

/** One way of a channel, as somebody who looks at a store sees it. */
export interface ChannelSummary {
  readonly channel: ChannelNumber;
  /** One past the last message that was ever put. */
  readonly next: Position;
  /** Everything below is done with. */
  readonly base: Position;
  /** How many messages are there. */
  readonly messages: number;
}

/** A session, without its messages. */
export interface SessionSummary extends Omit<SessionContents, 'outgoing' | 'incoming'> {
  /** What waits to be sent, or for an answer; channel 0 has the answers. */
  readonly outgoing: readonly ChannelSummary[];
  /** What waits for a handler. */
  readonly incoming: readonly ChannelSummary[];
}

/**
 * Looks into a store in a folder that nobody has open, and changes nothing of what it holds.
 * (LevelDB itself tidies its files when it is opened.)
 */
export class StoreReader {
  readonly #database: LevelDatabase;
  readonly #keys: StoreKeys;
  readonly #found: Found;
  readonly #verdict: StoreDamage | undefined;

  private constructor(
    database: LevelDatabase,
    keys: StoreKeys,
    found: Found,
    verdict: StoreDamage | undefined,
  ) {
    this.#database = database;
    this.#keys = keys;
    this.#found = found;
    this.#verdict = verdict;
  }

  /** @internal */
  static async open(path: string, prefix: string): Promise<StoreReader> {
    const [root, keys] = [resolve(path), new StoreKeys(prefix)];
    await assertThere(join(root, 'database', 'CURRENT'));
    const database = await openClassicLevel(join(root, 'database'));
    try {
      await database.open();
      const found = await readStore(database, keys, { maxMessages: 1, maxBytes: 1 });
      const file = witnessFile(join(root, 'witness'));
      const testimony = await new Witness(file, processClock, () => {}).read();
      await file.close();
      return new StoreReader(database, keys, found, judge(testimony, found));
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Names the store; `undefined` where the database has none. */
  get storeId(): string | undefined {
    return this.#found.root?.storeId;
  }

  /** How often it was opened. */
  get bootCount(): number {
    return this.#found.root?.bootCount ?? 0;
  }

  /** The number of its newest commit. */
  get newestCommit(): number {
    return this.#found.newest;
  }

  /** What its next opening would tell: found without reading the messages. */
  get damage(): readonly StoreDamage[] {
    return this.#verdict === undefined
      ? this.#found.damage
      : [...this.#found.damage, this.#verdict];
  }

  /** All sessions, in the order of their creation. */
  sessions(): SessionSummary[] {
    return this.#found.sessions.map((contents) => {
      const state = this.#found.state.sessions.get(contents.session.session);
      return {
        session: contents.session,
        sending: contents.sending,
        receiving: contents.receiving,
        outgoing: summariesOf(state?.outgoing),
        incoming: summariesOf(state?.incoming),
      };
    });
  }

  /**
   * Some messages of a channel that are to be sent, ascending.
   *
   * @throws {@link WilcoError} `WILCO_STORE_DAMAGED`
   */
  async outgoing(
    session: SessionId,
    channel: ChannelNumber,
    range: PageRange,
  ): Promise<OutgoingRecord[]> {
    const log = this.#session(session)?.outgoing.get(channel);
    if (log === undefined) return [];
    const messages = await readMessages(this.#database, log, range);
    return messages.map(({ seq, body }) => ({ session, channel, seq, ...body }));
  }

  /**
   * Some messages of a channel that no handler has finished, ascending.
   *
   * @throws {@link WilcoError} `WILCO_STORE_DAMAGED`
   */
  async incoming(
    session: SessionId,
    channel: ChannelNumber,
    range: PageRange,
  ): Promise<IncomingRecord[]> {
    const log = this.#session(session)?.incoming.get(channel);
    if (log === undefined) return [];
    const messages = await readMessages(this.#database, log, range);
    return messages.map(({ seq, body }) => ({ session, channel, seq, ...body }));
  }

  /** The first entries of a table behind a key. */
  entries(table: EntryTable, range: EntryRange): Promise<StoreEntry[]> {
    return readEntries(this.#database, this.#keys.table(table), range);
  }

  /** Everything that is wrong with it: what an opening would tell, and each record that can not be read. */
  async *verify(): AsyncGenerator<StoreDamage> {
    yield* this.damage;
    for (const session of this.#found.state.sessions.values()) {
      for (const log of session.logs()) yield* this.#verifyLog(session, log);
    }
    for (const table of ENTRY_TABLES) yield* this.#verifyEntries(this.#keys.table(table));
  }

  /** Lets go. Safe to call twice. */
  async close(): Promise<void> {
    await this.#database.close();
  }

  #session(name: SessionId): SessionState | undefined {
    return this.#found.state.sessions.get(name);
  }

  async *#verifyLog(session: SessionState, log: MessageLog): AsyncGenerator<StoreDamage> {
    const found: StoreDamage[] = [];
    const place = session.key.length;
    const range = { gte: `${log.key}m`, lt: `${log.key}w` };
    await scan(this.#database, range, { hasValues: true, atOnce: 256 }, (key, value) => {
      const parsed = parseSessionKey(key.slice(place));
      const { seq = 0, kind = '', count: packed = 0 } = parsed ?? {};
      // Of what is done with, nobody reads anything any more.
      if (seq < log.dropped.position) return true;
      const count = kind.endsWith('v') ? 1 : packed;
      const detail = failureOf(() => readPack(log.codec, key, value, count));
      if (detail !== undefined) found.push(damaged(detail, session.name));
      return found.length < FINDINGS_MAX;
    });
    yield* found;
  }

  async *#verifyEntries(table: string): AsyncGenerator<StoreDamage> {
    const found: StoreDamage[] = [];
    const range = { gte: table, lt: `${table.slice(0, -1)}"` };
    await scan(this.#database, range, { hasValues: true, atOnce: 256 }, (key, value) => {
      const detail = failureOf(() => new RecordReader(key, value));
      if (detail !== undefined) found.push(damaged(detail));
      return found.length < FINDINGS_MAX;
    });
    yield* found;
  }
}

/**
 * Opens a store in a folder to look into it.
 *
 * @throws {@link WilcoError} `WILCO_STORE_LOCKED` while its owner runs, `WILCO_STORE_FORMAT`,
 *   `WILCO_STORE_DAMAGED` where it can not be opened, and `WILCO_STORE_FAILED` where there is none.
 */
export async function openStoreForReading(
  path: string,
  { prefix = 'wilco' }: { readonly prefix?: string } = {},
): Promise<StoreReader> {
  try {
    return await StoreReader.open(path, prefix);
  } catch (error) {
    throw openingError(error);
  }
}

/** Of one log, or one table, no more is told. */
const FINDINGS_MAX = 1_000;

function summariesOf(
  logs: ReadonlyMap<ChannelNumber, Pick<MessageLog, 'next' | 'dropped'>> | undefined,
): ChannelSummary[] {
  return [...(logs ?? [])].map(([channel, { next, dropped }]) => {
    let messages = Math.max(next - dropped.position, 0);
    for (let index = 0; index < dropped.ranges.length; index += 2) {
      messages -= (dropped.ranges[index + 1] as number) - (dropped.ranges[index] as number);
    }
    return { channel, next, base: dropped.position, messages };
  });
}

async function assertThere(file: string): Promise<void> {
  try {
    await access(file);
  } catch (cause) {
    throw new WilcoError('WILCO_STORE_FAILED', `there is no store: ${file} is missing`, { cause });
  }
}

function failureOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return sentence(error);
  }
}

function damaged(detail: string, session?: SessionId): StoreDamage {
  return { code: 'WILCO_STORE_DAMAGED', detail, session };
}
