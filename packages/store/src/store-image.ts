import type {
  EntryTable,
  OutgoingRange,
  OutgoingRecord,
  SessionContents,
  SessionId,
  StoreEntry,
  StoreOperation,
} from '@wilco/protocol';
import { ApplicationImage } from './application-image.ts';
import { EntryImage } from './entry-image.ts';
import { SessionImage } from './session-image.ts';
import type { EntryRange, OutgoingHead } from './store.ts';

/** How much of a long outbox a store gives at its opening. */
export const OUTGOING_HEAD: Required<OutgoingHead> = {
  maxMessages: 1_024,
  maxBytes: 4 * 1_024 * 1_024,
};

/**
 * What a store holds, in memory: commits go in, the contents of sessions come out.
 *
 * The records themselves are kept, not copies: whoever hands them over never changes
 * them again. Applying costs O(1) for each record put or dropped.
 */
export class StoreImage {
  readonly #sessions = new Map<SessionId, SessionImage>();
  #entries = new EntryImage();
  #application = new ApplicationImage();

  /** How many records it holds, for limits and leak tests. What the application wrote does not count. */
  get size(): number {
    let size = this.#entries.size;
    for (const image of this.#sessions.values()) size += image.size;
    return size;
  }

  /** What the application wrote with the commits. */
  get application(): ReadonlyMap<string, unknown> {
    return this.#application.values;
  }

  /**
   * Applies one commit, whole.
   *
   * @throws TypeError when a record belongs to a session that has none of its own: it
   * could never be found again.
   */
  apply(operations: readonly StoreOperation[]): void {
    this.#assertPossible(operations);
    for (const operation of operations) this.#applyOne(operation);
  }

  /** The sessions that it holds, in the order of their creation. */
  sessions(head: OutgoingHead = OUTGOING_HEAD): SessionContents[] {
    const limits = { ...OUTGOING_HEAD, ...head };
    return [...this.#sessions.values()].map((image) => image.contents(limits));
  }

  /** Outgoing records, ascending. */
  outgoing(range: OutgoingRange): OutgoingRecord[] {
    return this.#sessions.get(range.session)?.outgoing(range) ?? [];
  }

  entry(table: EntryTable, key: string): Uint8Array | undefined {
    return this.#entries.get(table, key);
  }

  /** Entries of a table, ascending by key. */
  entries(table: EntryTable, range: EntryRange): StoreEntry[] {
    return this.#entries.read(table, range);
  }

  /** An image of its own with the same records. */
  clone(): StoreImage {
    const copy = new StoreImage();
    for (const [id, image] of this.#sessions) copy.#sessions.set(id, image.clone());
    copy.#entries = this.#entries.clone();
    copy.#application = this.#application.clone();
    return copy;
  }

  /** Nothing is applied of a commit of which something can not be. */
  #assertPossible(operations: readonly StoreOperation[]): void {
    const created = new Set<SessionId>();
    for (const operation of operations) {
      if (operation.type === 'putSession') created.add(operation.record.session);
      else if (operation.type === 'effect') ApplicationImage.check(operation.effect);
    }
    for (const operation of operations) {
      if (!('record' in operation)) continue;
      const { session } = operation.record;
      if (created.has(session) || this.#sessions.has(session)) continue;
      throw new TypeError(`${operation.type} for the session ${session}, which has no record`);
    }
  }

  #applyOne(operation: StoreOperation): void {
    switch (operation.type) {
      case 'dropSession':
        this.#sessions.delete(operation.session);
        return;
      case 'dropOutgoing':
      case 'dropIncoming':
        this.#sessions.get(operation.session)?.drop(operation);
        return;
      case 'putEntry':
        this.#entries.put(operation.table, operation.key, operation.value);
        return;
      case 'dropEntry':
        this.#entries.drop(operation.table, operation.key);
        return;
      case 'effect':
        this.#application.apply(operation.effect);
        return;
      default:
        this.#imageOf(operation.record.session).put(operation);
    }
  }

  #imageOf(session: SessionId): SessionImage {
    let image = this.#sessions.get(session);
    if (image === undefined) {
      image = new SessionImage();
      this.#sessions.set(session, image);
    }
    return image;
  }
}
