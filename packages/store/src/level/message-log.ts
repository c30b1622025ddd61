import { Progress, type Position, type Seq } from '@wilco/protocol';
import type { LevelWrite } from './level-database.ts';
import { ENCODINGS } from './level-database.ts';
import { writePack, type PackCodec } from './message-packs.ts';
import type { RecordWriter } from './record-writer.ts';
import { writeLogState, type LogState } from './session-records.ts';
import { wide } from './store-keys.ts';

/** A pack is read whole for one of its messages, so it has an end. */
const PACK_MESSAGES = 256;
const PACK_BYTES = 131_072;

/** What must be known of a log to clear away what it does not need any more. */
export interface SweptLog {
  readonly key: string;
  readonly next: Position;
  /** Everything below is dropped, and the database knows it; and everything below was cleared away. */
  clearableBelow: Position;
  clearedBelow: Position;
  /** Messages dropped since dead packs were last looked for. */
  droppedSinceSweep: number;
  hasChanges: boolean;
  readonly dropped: Progress;
  firstThere(from: Seq, to: Position): Seq | undefined;
}

/** Messages that follow each other and are not written yet. */
interface Run<Body> {
  readonly first: Seq;
  readonly bodies: Body[];
}

/**
 * The messages of one channel, in one direction, as a store has them: which there are, and
 * which of them are not written yet. The messages themselves are on disk.
 */
export class MessageLog<Body extends Sized = Sized> implements SweptLog {
  /** What all its keys begin with; the key of its state. */
  readonly key: string;
  readonly codec: PackCodec<Body>;
  #next: Position;
  readonly #dropped: Progress;
  /** Whether any message may have a record of its own, in place of what its pack says. */
  hasChanges = false;
  /** Everything below that was not dropped is in the database. */
  keptBelow: Position;
  droppedSinceSweep = 0;
  clearableBelow: Position;
  clearedBelow = 1;
  #runs: Run<Body>[] = [];
  #changes: Map<Seq, Body> | undefined;
  #isDirty = false;

  constructor(key: string, codec: PackCodec<Body>, state: LogState) {
    this.key = key;
    this.codec = codec;
    this.#next = state.next;
    this.#dropped = state.dropped;
    this.keptBelow = state.next;
    this.clearableBelow = state.dropped.position;
  }

  get next(): Position {
    return this.#next;
  }

  get dropped(): Progress {
    return this.#dropped;
  }

  /** Whether anything of it is to be written. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /**
   * A message is new, or changes.
   *
   * @throws TypeError for one that was dropped.
   */
  put(seq: Seq, body: Body): void {
    this.#isDirty = true;
    if (seq < this.#next) {
      this.#change(seq, body);
      return;
    }
    const run = this.#runs.at(-1);
    if (seq === this.#next && run !== undefined) run.bodies.push(body);
    else this.#runs.push({ first: seq, bodies: [body] });
    // What was never put is not missing.
    if (seq > this.#next) this.#dropped.add(this.#next, seq);
    this.#next = seq + 1;
  }

  drop(from: Seq, to: Position): void {
    const [low, high] = [Math.max(from, this.#dropped.position), Math.min(to, this.#next)];
    if (low >= high) return;
    this.#isDirty = true;
    this.#dropped.add(low, high);
    this.droppedSinceSweep += high - low;
  }

  /** The first of these that must be in the database; `undefined` for none. */
  firstThere(from: Seq, to: Position): Seq | undefined {
    return firstNotIn(this.#dropped, from, to);
  }

  /** Writes what is new: its messages, packed, and which there are. */
  write(writer: RecordWriter, writes: LevelWrite[]): void {
    for (const { first, bodies } of this.#runs) this.#writeRun(first, bodies, writer, writes);
    this.#runs = [];
    for (const [seq, body] of this.#changes ?? []) {
      this.#writePack(`${this.key}v${wide(seq)}`, [body], writer, writes);
      this.hasChanges = true;
    }
    this.#changes = undefined;
    writer.begin(this.key);
    writeLogState(writer, { next: this.#next, dropped: this.#dropped });
    writes.push({ type: 'put', key: this.key, value: writer.end(), ...ENCODINGS });
    this.#isDirty = false;
  }

  #change(seq: Seq, body: Body): void {
    if (this.#dropped.has(seq)) throw new TypeError(`message ${String(seq)} was dropped`);
    const run = this.#runs.find(({ first }) => first <= seq);
    const index = run === undefined ? -1 : seq - run.first;
    if (run !== undefined && index < run.bodies.length) {
      run.bodies[index] = body;
      return;
    }
    this.#changes ??= new Map();
    this.#changes.set(seq, body);
  }

  #writeRun(first: Seq, bodies: Body[], writer: RecordWriter, writes: LevelWrite[]): void {
    let from = 0;
    let bytes = 0;
    for (let index = 0; index < bodies.length; index++) {
      bytes += (bodies[index] as Body).payload.byteLength;
      const isFull = index + 1 - from >= PACK_MESSAGES || bytes >= PACK_BYTES;
      if (!isFull && index + 1 < bodies.length) continue;
      const pack =
        from === 0 && index + 1 === bodies.length ? bodies : bodies.slice(from, index + 1);
      const key = packKey(this.key, first + index, pack.length);
      const isThere = this.firstThere(first + from, first + index + 1) !== undefined;
      if (isThere) this.#writePack(key, pack, writer, writes);
      from = index + 1;
      bytes = 0;
    }
  }

  #writePack(
    key: string,
    bodies: readonly Body[],
    writer: RecordWriter,
    writes: LevelWrite[],
  ): void {
    writer.begin(key);
    writePack(this.codec, writer, bodies);
    writes.push({ type: 'put', key, value: writer.end(), ...ENCODINGS });
  }
}

/** What a log must know of a message to pack it. */
interface Sized {
  readonly type: string;
  readonly payload: Uint8Array;
}

/** The key of a pack: by its last message, so that the first key at or above a seq has it. */
export function packKey(log: string, last: Seq, count: number): string {
  return `${log}m${wide(last)}.${count.toString(16)}`;
}

/** The first of these that is not done; `undefined` where all are. */
export function firstNotIn(done: Progress, from: Seq, to: Position): Seq | undefined {
  let seq = Math.max(from, done.position);
  const { ranges } = done;
  for (let index = 0; index < ranges.length; index += 2) {
    if (seq < (ranges[index] as number)) break;
    seq = Math.max(seq, ranges[index + 1] as number);
  }
  return seq < to ? seq : undefined;
}
