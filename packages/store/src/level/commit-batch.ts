import type { EntryTable, SessionRecord, StoreOperation } from '@wilco/protocol';
import { ENCODINGS, type LevelWrite } from './level-database.ts';
import type { SweptLog } from './message-log.ts';
import type { RecordWriter } from './record-writer.ts';
import { writeWords } from './session-records.ts';
import type { SessionState, StoreState } from './store-state.ts';
import { isEager } from './sweeper.ts';

/** What a database adds to a record, about. */
const WRITE_BYTES = 8;

/** Told when what it waits for holds, or never will. */
export type CommitDone = (error?: unknown) => void;

/**
 * Commits that become one batch of the database. Operations go in as they come and change
 * what the store knows at once; what that makes of records is written when the batch is sealed,
 * so that a channel with a thousand new messages costs a few records.
 */
export class CommitBatch {
  readonly #state: StoreState;
  readonly writer: RecordWriter;
  readonly #touched = new Set<SessionState>();
  readonly #writes: unknown[] = [];
  /** Those who wait for it, in order. */
  readonly waiting: CommitDone[] = [];
  /** Of each log that it writes: which messages it has then, and which not any more. */
  readonly #kept: { readonly log: Kept; readonly below: number; readonly base: number }[] = [];
  /** Numbers of sessions that it drops. */
  readonly #dropped: number[] = [];
  /** The number that it has in the database. 0 before it is sealed. */
  number = 0;
  /** Marks of commits from this number on are there, says this one. */
  floor = 0;
  /** Whether it has anything that must be as durable as the store's worth. */
  isUrgent = false;
  /** Whether an entry that it drops is in the database still, though that was told as done. */
  hasEntryDrops = false;
  /** How many bytes its records have, once it is sealed; those of the application are not counted. */
  writtenBytes = 0;
  #payloadBytes = 0;
  /** The one that is being added. */
  #commit: readonly StoreOperation[] = [];
  #size = 0;

  constructor(state: StoreState, writer: RecordWriter) {
    this.#state = state;
    this.writer = writer;
  }

  /** Whether anything is in it. */
  get isEmpty(): boolean {
    return this.#size === 0 && this.waiting.length === 0;
  }

  /** About how many bytes it has. */
  get bytes(): number {
    return this.#payloadBytes + this.#size * 64;
  }

  /** What goes to the database, once it is sealed. */
  get writes(): unknown[] {
    return this.#writes;
  }

  /** @throws TypeError for what no store could keep: it is not fit to be used after that. */
  add(operations: readonly StoreOperation[]): void {
    this.#commit = operations;
    for (const operation of operations) this.#add(operation);
    this.#size += operations.length;
  }

  /** Takes changes of the database that nobody waits for. */
  addWrites(writes: readonly LevelWrite[]): void {
    this.#writes.push(...writes);
    this.#size += writes.length;
  }

  /** Writes all that changed, and the mark of the commit. */
  seal(number: number, floor: number): void {
    this.number = number;
    this.floor = floor;
    const writes = this.#writes as LevelWrite[];
    for (const session of this.#touched) {
      session.write(this.writer, writes, (log) => {
        this.#kept.push({ log, below: log.next, base: log.dropped.position });
      });
    }
    const key = this.#state.keys.commit(number);
    this.writer.begin(key);
    writeMark(this.writer, floor);
    this.#put(key);
    this.writtenBytes = this.writer.totalBytes + writes.length * WRITE_BYTES;
  }

  /** It is in the database. */
  completed(isCopied: boolean): void {
    for (const { log, below, base } of this.#kept) {
      log.keptBelow = Math.max(log.keptBelow, below);
      log.clearableBelow = Math.max(log.clearableBelow, base);
      this.#state.toSweep.add(log);
      this.#state.isSweepDue ||= isEager(log);
    }
    for (const number of this.#dropped) this.#state.dropped.add(number);
    this.writer.reset(isCopied);
  }

  #add(operation: StoreOperation): void {
    switch (operation.type) {
      case 'putOutgoing':
      case 'putIncoming':
        this.#putMessage(operation);
        break;
      case 'dropOutgoing':
        this.#drop(operation);
        return;
      case 'dropIncoming':
        this.#drop(operation);
        break;
      case 'putSending':
        this.#session(operation.record.session, operation.type).putSending(operation.record);
        return;
      case 'putReceiving':
        this.#session(operation.record.session, operation.type).putReceiving(operation.record);
        break;
      case 'putSession':
        this.#putSession(operation.record);
        break;
      case 'dropSession':
        this.#dropSession(operation.session);
        break;
      case 'putEntry':
        this.#putEntry(operation);
        break;
      case 'dropEntry':
        this.#writes.push(deletion(this.#entryKey(operation)));
        this.hasEntryDrops = true;
        return;
      case 'effect':
        this.#writes.push(...(operation.effect as unknown[]));
        break;
    }
    this.isUrgent = true;
  }

  #putMessage(operation: PutMessage): void {
    const { record } = operation;
    this.#payloadBytes += record.payload.byteLength;
    const session = this.#session(record.session, operation.type);
    if (operation.type === 'putOutgoing') {
      session.outgoingLog(record.channel).put(record.seq, operation.record);
    } else session.incomingLog(record.channel).put(record.seq, operation.record);
  }

  #drop(operation: DropMessage): void {
    const session = this.#state.sessions.get(operation.session);
    if (session === undefined) return;
    this.#touched.add(session);
    if (operation.type === 'dropOutgoing') {
      session.outgoing.get(operation.channel)?.drop(operation.from, operation.to);
    } else session.incoming.get(operation.channel)?.drop(operation.seq, operation.seq + 1);
  }

  #putSession(record: SessionRecord): void {
    const session = this.#state.session(record.session);
    session.record = record;
    this.#touched.add(session);
  }

  #putEntry(operation: Extract<StoreOperation, { readonly type: 'putEntry' }>): void {
    const key = this.#entryKey(operation);
    this.#payloadBytes += operation.value.byteLength;
    this.writer.begin(key);
    this.writer.bytes(operation.value);
    this.#put(key);
  }

  /** Other text would not come back as it was. */
  #entryKey({ table, key }: { readonly table: EntryTable; readonly key: string }): string {
    if (key.isWellFormed()) return this.#state.keys.entry(table, key);
    throw new TypeError('the key of an entry has a lone surrogate');
  }

  #session(name: string, operation: string): SessionState {
    const session = this.#state.sessions.get(name) ?? this.#coming(name, operation);
    this.#touched.add(session);
    return session;
  }

  /** What belongs to a session may stand before it. */
  #coming(name: string, operation: string): SessionState {
    const comes = (one: StoreOperation): boolean =>
      one.type === 'putSession' && one.record.session === name;
    if (this.#commit.some(comes)) return this.#state.session(name);
    throw new TypeError(`${operation} for the session ${name}, which has no record`);
  }

  /** Its records are many: a mark says that they count no more, and they are cleared away later. */
  #dropSession(name: string): void {
    const session = this.#state.sessions.get(name);
    if (session === undefined) return;
    this.#state.sessions.delete(name);
    this.#dropped.push(session.number);
    this.#touched.delete(session);
    const key = this.#state.keys.dropped(session.number);
    this.writer.begin(key);
    writeWords(this.writer, { session: name });
    this.#put(key);
  }

  #put(key: string): void {
    this.#writes.push({ type: 'put', key, value: this.writer.end(), ...ENCODINGS });
  }
}

type PutMessage = Extract<StoreOperation, { readonly type: 'putOutgoing' | 'putIncoming' }>;
type DropMessage = Extract<StoreOperation, { readonly type: 'dropOutgoing' | 'dropIncoming' }>;
type Kept = SweptLog & { keptBelow: number };

/** The value of the mark of a commit: since when all marks are there. */
export function writeMark(writer: RecordWriter, floor: number): void {
  writer.varint(floor);
}

function deletion(key: string): LevelWrite {
  return { type: 'del', key, ...ENCODINGS };
}
