import { randomUUID } from 'node:crypto';
import {
  type EntryTable,
  type OutgoingRange,
  type OutgoingRecord,
  type StoreEntry,
  type StoreOperation,
  WilcoError,
  type Worth,
} from '@wilco/protocol';
import type { EntryRange, OutgoingHead, Store, StoreContents, StoreDamage } from '../store.ts';
import { OUTGOING_HEAD } from '../store-image.ts';
import { CommitQueue } from './commit-queue.ts';
import { readEntries, readEntry } from './entry-reader.ts';
import type { LevelDatabase } from './level-database.ts';
import { checkLevelEffect } from './level-effect.ts';
import { openingError, type LevelPlace } from './level-place.ts';
import { readMessages } from './log-reader.ts';
import { damageWrites, FORMAT, judge, readStore, rootWrite, type Found } from './opening.ts';
import { CommitBatch } from './commit-batch.ts';
import { RecordWriter } from './record-writer.ts';
import { Recovery } from './recovery.ts';
import { RoomWatch } from './room-watch.ts';
import { processClock, type StoreClock } from './store-clock.ts';
import { StoreKeys } from './store-keys.ts';
import { Sweeper } from './sweeper.ts';
import { Witness } from './witness.ts';

/** How a {@link DatabaseStore} is made. */
export interface DatabaseStoreOptions {
  readonly isLazy: boolean;
  readonly reserveBytes: number;
  readonly prefix: string;
  readonly head?: OutgoingHead;
  readonly clock?: StoreClock;
}

/** What an open store works with. */
interface OpenStore {
  readonly database: LevelDatabase;
  readonly queue: CommitQueue;
  readonly sweeper: Sweeper;
  readonly recovery: Recovery;
  readonly witness: Witness | undefined;
  readonly found: Found;
}

/** A store on a database of `abstract-level`. */
export class DatabaseStore implements Store {
  readonly worth: Worth;
  readonly isVolatile = false;
  readonly #place: LevelPlace;
  readonly #options: DatabaseStoreOptions;
  readonly #clock: StoreClock;
  readonly #keys: StoreKeys;
  readonly #room: RoomWatch;
  #database: LevelDatabase | undefined;
  /** Whether the store opened the database, and closes it. */
  #isOwner = false;
  #opening: Promise<StoreContents> | undefined;
  #open: OpenStore | undefined;
  #closed: Promise<void> | undefined;

  constructor(place: LevelPlace, options: DatabaseStoreOptions) {
    this.#place = place;
    this.#options = options;
    this.#clock = options.clock ?? processClock;
    this.#keys = new StoreKeys(options.prefix);
    this.#room = new RoomWatch(place.space, options.reserveBytes, this.#clock);
    this.worth = options.isLazy ? 'lazy' : 'synced';
  }

  get database(): LevelDatabase {
    if (this.#database === undefined) throw new TypeError('the store was never opened');
    return this.#database;
  }

  get isFull(): boolean {
    return this.#room.isFull;
  }

  watchFull(changed: (isFull: boolean) => void): void {
    this.#room.watch(changed);
  }

  open(): Promise<StoreContents> {
    if (this.#opening !== undefined) {
      const detail = 'it is open already, by this very object';
      return Promise.reject(new WilcoError('WILCO_STORE_LOCKED', detail));
    }
    this.#closed = undefined;
    this.#opening = this.#openNow().catch(async (cause: unknown) => {
      await this.#letGo();
      this.#opening = undefined;
      throw openingError(cause);
    });
    return this.#opening;
  }

  commit(operations: readonly StoreOperation[], done: (error?: unknown) => void): void {
    this.#opened().queue.add(operations, done);
  }

  checkEffect(effect: unknown): void {
    checkLevelEffect(this.#database, effect);
  }

  readOutgoing(
    range: OutgoingRange,
    done: (error: unknown, records: readonly OutgoingRecord[]) => void,
  ): void {
    const { session, channel } = range;
    const { found, queue } = this.#opened();
    const read = async (database: LevelDatabase): Promise<OutgoingRecord[]> => {
      const log = found.state.sessions.get(session)?.outgoing.get(channel);
      if (log === undefined) return [];
      const messages = await readMessages(database, log, range);
      return messages.map(({ seq, body }) => ({ session, channel, seq, ...body }));
    };
    this.#read(read).then(
      (records) => done(undefined, records),
      (error: unknown) => {
        const damage = damageOf(error, session);
        if (damage !== undefined) {
          queue.addWrites(damageWrites(found, [damage], new RecordWriter()));
        }
        done(error, []);
      },
    );
  }

  readEntry(
    table: EntryTable,
    key: string,
    done: (error: unknown, value: Uint8Array | undefined) => void,
  ): void {
    const { queue } = this.#opened();
    const read = async (database: LevelDatabase): Promise<Uint8Array | undefined> => {
      await queue.entriesWritten();
      return readEntry(database, this.#keys.entry(table, key));
    };
    this.#read(read).then(
      (value) => done(undefined, value),
      (error: unknown) => done(error, undefined),
    );
  }

  readEntries(
    table: EntryTable,
    range: EntryRange,
    done: (error: unknown, entries: readonly StoreEntry[]) => void,
  ): void {
    const { queue } = this.#opened();
    const read = async (database: LevelDatabase): Promise<StoreEntry[]> => {
      await queue.entriesWritten();
      return readEntries(database, this.#keys.table(table), range);
    };
    this.#read(read).then(
      (entries) => done(undefined, entries),
      (error: unknown) => done(error, []),
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeNow();
    return this.#closed;
  }

  async #openNow(): Promise<StoreContents> {
    const { head = {} } = this.#options;
    const database = await this.#openDatabase();
    const found = await readStore(database, this.#keys, { ...OUTGOING_HEAD, ...head });
    const file = this.#place.witness;
    const witness = file && new Witness(file, this.#clock, (error) => this.#witnessFailed(error));
    const testimony = await witness?.read();
    const verdict = testimony === undefined ? undefined : judge(testimony, found);
    const damage = verdict === undefined ? found.damage : [...found.damage, verdict];
    const said = testimony?.state === 'said' ? testimony.number : 0;
    const storeId = found.root?.storeId ?? randomUUID();
    const bootCount = (found.root?.bootCount ?? 0) + 1;
    const number = Math.max(found.newest, said) + 1;
    // A new store is witnessed before it is there: else the end of the process between the two looks like a loss.
    if (found.root === undefined) await witness?.begin(storeId, number - 1);
    await this.#commitOpening(database, found, { storeId, bootCount, number, damage });
    await witness?.begin(storeId, number);
    this.#open = this.#started(database, found, witness, number);
    await this.#room.ask();
    return { storeId, bootCount, sessions: found.sessions, damage };
  }

  async #openDatabase(): Promise<LevelDatabase> {
    this.#database = await this.#place.prepare();
    const { status } = this.#database;
    this.#isOwner = this.#place.isOwn || (status !== 'open' && status !== 'opening');
    await this.#database.open();
    await this.#place.opened();
    return this.#database;
  }

  /** The commit that each opening begins with: that it was opened, and what was found. */
  async #commitOpening(
    database: LevelDatabase,
    found: Found,
    opening: {
      readonly storeId: string;
      readonly bootCount: number;
      readonly number: number;
      readonly damage: readonly StoreDamage[];
    },
  ): Promise<void> {
    const { storeId, bootCount, number, damage } = opening;
    const writer = new RecordWriter();
    const batch = new CommitBatch(found.state, writer);
    batch.addWrites([rootWrite(this.#keys, { format: FORMAT, storeId, bootCount }, writer)]);
    batch.addWrites(damageWrites(found, damage, writer));
    batch.seal(number, number);
    await database.batch(batch.writes, { sync: true });
  }

  #started(
    database: LevelDatabase,
    found: Found,
    witness: Witness | undefined,
    number: number,
  ): OpenStore {
    const { state } = found;
    const [clock, keys] = [this.#clock, this.#keys];
    const recovery = new Recovery({ database, keys, clock, room: this.#room });
    const queue = new CommitQueue({
      database,
      state,
      clock,
      isSynced: !this.#options.isLazy,
      isCopying: this.#place.isCopying,
      newest: number,
      floor: number,
      completed: (committed, bytes) => {
        recovery.succeeded();
        witness?.note(committed);
        this.#room.wrote(bytes);
        this.#makeLogRoom(bytes);
        sweeper.note();
      },
      makeRoom: (committing) => recovery.makeRoom(committing),
      failed: () => void sweeper.stop(),
    });
    const commitKey = (committed: number): string => keys.commit(committed);
    const sweeper = new Sweeper({ database, state, queue, commitKey, clock });
    sweeper.note();
    return { database, queue, sweeper, recovery, witness, found };
  }

  #makeLogRoom(bytes: number): void {
    // What is not synced gains nothing by it; and the last room on a disk is not for this.
    if (!this.#options.isLazy && !this.#room.isFull) this.#place.logRoom?.wrote(bytes);
  }

  async #read<Value>(read: (database: LevelDatabase) => Promise<Value>): Promise<Value> {
    const { database, recovery } = this.#opened();
    await recovery.usable();
    return read(database);
  }

  #opened(): OpenStore {
    if (this.#open === undefined) throw new TypeError('the store is not open');
    return this.#open;
  }

  #witnessFailed(cause: unknown): void {
    const detail = `its newest commit number could not be kept: ${String(cause)}`;
    this.#open?.queue.fail(new WilcoError('WILCO_STORE_FAILED', detail, { cause }));
  }

  async #closeNow(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    const open = this.#open;
    if (open !== undefined) {
      this.#open = undefined;
      const stopped = open.sweeper.stop();
      open.recovery.giveUp();
      await stopped;
      await open.queue.drained();
      const hasFailed = open.queue.error !== undefined;
      if (!hasFailed) await open.witness?.close();
    }
    await this.#letGo();
    this.#opening = undefined;
  }

  async #letGo(): Promise<void> {
    this.#room.stop();
    await this.#place.logRoom?.settled();
    await this.#place.witness?.close().catch(() => undefined);
    if (this.#isOwner) await this.#database?.close().catch(() => undefined);
  }
}

function damageOf(error: unknown, session: string): StoreDamage | undefined {
  if (!WilcoError.is(error, 'WILCO_STORE_DAMAGED')) return undefined;
  return { code: 'WILCO_STORE_DAMAGED', detail: error.message, session };
}
