import type { IncomingRecord, SessionContents, StoreOperation } from '@wilco/protocol';
import type { Entry, Start } from './history.ts';
import { isRecordOf } from './parcel.ts';

/** The mark of one start, on its way into a store. */
interface OrderedMark {
  readonly entry: Entry;
  readonly attempts: number;
  /** How often its message had been started, anywhere. */
  readonly startsBefore: number;
}

/** A mark that a later process found in its store, and whose start never was. */
interface VainMark {
  readonly host: string;
  readonly session: string;
}

/**
 * Marks of single starts that were committed, and whose process died before the handler started.
 * A receiver can't tell these from starts, so each of them counts as one attempt. Whatever a mark
 * says, it excuses one and no more; and one that was followed by its start excuses none.
 */
export class VainMarks {
  /** What the process that runs now has ordered last, by host and by the place of the message. */
  readonly #ordered = new Map<string, Map<string, OrderedMark>>();
  readonly #vain = new Map<Entry, VainMark[]>();

  /** A process of a host orders a commit. */
  commits(host: string, operations: readonly StoreOperation[], entries: Iterable<Entry>): void {
    for (const operation of operations) {
      if (operation.type !== 'putIncoming' || !isMark(operation.record)) continue;
      const { record } = operation;
      const entry = entryOf(record, entries);
      if (entry === undefined) continue;
      const marks = this.#ordered.get(host) ?? new Map<string, OrderedMark>();
      this.#ordered.set(host, marks);
      const startsBefore = entry.starts.length;
      marks.set(placeOf(record), { entry, attempts: record.attempts, startsBefore });
    }
  }

  /** The next process of a host opens its store: what the one before had ordered is there, or not. */
  opened(host: string, sessions: readonly SessionContents[]): void {
    const marks = this.#ordered.get(host);
    this.#ordered.delete(host);
    if (marks === undefined) return;
    for (const { session, incoming } of sessions) {
      for (const record of incoming) {
        const mark = marks.get(placeOf(record));
        if (mark === undefined || !isMark(record) || mark.attempts !== record.attempts) continue;
        const vain = { host, session: session.id ?? session.session };
        const since = mark.entry.starts.slice(mark.startsBefore);
        if (since.some((start) => isOf(vain, start))) continue;
        this.#vain.set(mark.entry, [...(this.#vain.get(mark.entry) ?? []), vain]);
      }
    }
  }

  /** How many there are of a message, of one receiver in one session, or of all. */
  countOf(entry: Entry, receiver?: Pick<Start, 'host' | 'session'>): number {
    const all = this.#vain.get(entry) ?? [];
    return receiver === undefined ? all.length : all.filter((one) => isOf(one, receiver)).length;
  }
}

/** Whether it is put there for a start that is to come: one that was put off, or interrupted, says when it may start. */
function isMark({ attempts, notBeforeWallMs }: IncomingRecord): boolean {
  return attempts > 0 && notBeforeWallMs === undefined;
}

function isOf(one: VainMark, { host, session }: Pick<Start, 'host' | 'session'>): boolean {
  return one.host === host && one.session === session;
}

function entryOf(record: IncomingRecord, entries: Iterable<Entry>): Entry | undefined {
  for (const entry of entries) if (isRecordOf(record, entry.message)) return entry;
  return undefined;
}

function placeOf({ session, channel, seq }: IncomingRecord): string {
  return [session, channel, seq].join('/');
}
