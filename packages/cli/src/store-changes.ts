import { encodeDeadLetter, requeuedDeadLetter } from '@wilco/client';
import type { Store, StoreContents } from '@wilco/store';
import { levelStore } from '@wilco/store/level';
import { deadLettersOf, type FoundLetter, type TableReader } from './dead-letter-list.ts';
import type { Selection, StoredChannel } from './stored-messages.ts';

type Operation = Parameters<Store['commit']>[0][number];

/** How much is read, and how many writes go into one commit. */
const AT_ONCE = 256;
const PAGE = { maxMessages: AT_ONCE, maxBytes: 4 * 1024 * 1024 };

/**
 * Changes a store that nobody has open, as its owner would: under the lock, in commits that hold
 * whole, and synced.
 */
export class StoreChanges implements TableReader {
  readonly #store: Store;
  readonly #contents: StoreContents;

  private constructor(store: Store, contents: StoreContents) {
    this.#store = store;
    this.#contents = contents;
  }

  /** Rejects with what opening a store rejects with. */
  static async open(path: string): Promise<StoreChanges> {
    const store = levelStore(path);
    return new StoreChanges(store, await store.open());
  }

  entries(
    table: Parameters<TableReader['entries']>[0],
    range: Parameters<TableReader['entries']>[1],
  ): ReturnType<TableReader['entries']> {
    return new Promise((resolve, reject) => {
      this.#store.readEntries(table, range, (error, entries) => {
        if (error === undefined) resolve([...entries]);
        else reject(errorOf(error));
      });
    });
  }

  /**
   * Handlers start on these dead letters again, as often as on new messages, when the owner starts.
   * Returns how many there were: they are read anew, for the owner may have run meanwhile.
   */
  async requeue(selection: Selection): Promise<number> {
    const letters = await this.#letters(selection);
    await this.#commit(
      letters.flatMap(({ key, letter }) => {
        if (letter === undefined) return [];
        const value = encodeDeadLetter(requeuedDeadLetter(letter));
        return [{ type: 'putEntry', table: 'deadLetters', key, value }];
      }),
    );
    return letters.length;
  }

  /** Nothing of these dead letters is kept. Returns how many there were. */
  async dropLetters(selection: Selection): Promise<number> {
    const letters = await this.#letters(selection);
    await this.#commit(
      letters.map(({ key }) => ({ type: 'dropEntry', table: 'deadLetters', key })),
    );
    return letters.length;
  }

  /**
   * Ends the time to live of messages that wait to be sent. Their owner settles each at its next
   * start by the rules of any message whose time is over, so no receipt of it is untrue.
   */
  async endTime({ session, number, name }: StoredChannel, seqs: ReadonlySet<Seq>): Promise<void> {
    const { session: key } = session.session;
    const wallMs = Date.now();
    const found = this.#contents.sessions.find((one) => one.session.session === key);
    const sending = found?.sending.find((one) => one.channel === number);
    if (sending === undefined) throw new TypeError(`there is no channel ${name} any more`);
    const firstExpiryWallMs = Math.min(sending.firstExpiryWallMs ?? Infinity, wallMs);
    // In the first commit, so that a crash leaves no message whose end nobody looks for.
    let first: Operation[] = [{ type: 'putSending', record: { ...sending, firstExpiryWallMs } }];
    const to = Math.max(...seqs) + 1;
    for (let from = Math.min(...seqs); from < to;) {
      const records = await this.#outgoing({ session: key, channel: number, from, to, ...PAGE });
      const meant = records.filter(
        ({ seq, voidReason }) => voidReason === undefined && seqs.has(seq),
      );
      if (meant.length > 0) {
        const ended = meant.map((record) => ({ ...record, expiresAtWallMs: wallMs }));
        const writes = ended.map((record): Operation => ({ type: 'putOutgoing', record }));
        await this.#commit([...first, ...writes]);
        first = [];
      }
      from = (records.at(-1)?.seq ?? to) + 1;
    }
  }

  /** Waits for what was written, and lets go. */
  close(): Promise<void> {
    return this.#store.close();
  }

  async #letters(selection: Selection): Promise<FoundLetter[]> {
    const letters: FoundLetter[] = [];
    for await (const one of deadLettersOf(this, selection)) letters.push(one);
    return letters;
  }

  #commit(operations: readonly Operation[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#store.commit(operations, (error) => {
        if (error === undefined) resolve();
        else reject(errorOf(error));
      });
    });
  }

  #outgoing(range: Parameters<Store['readOutgoing']>[0]): Promise<readonly Outgoing[]> {
    return new Promise((resolve, reject) => {
      this.#store.readOutgoing(range, (error, records) => {
        if (error === undefined) resolve(records);
        else reject(errorOf(error));
      });
    });
  }
}

type Seq = number;
type Outgoing = StoreContents['sessions'][number]['outgoing'][number];

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
