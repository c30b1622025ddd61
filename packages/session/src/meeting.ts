import type { SessionContext } from './context.ts';
import type { Outbox } from './outbox.ts';

/**
 * Whether the two sides have compared their memories since this run began, as the store knows.
 *
 * The seqs that a run assigns are news to its peer until then: if it holds one of them all the same,
 * this side's store was set back (S-10). A run that ends before leaves that to the next one, so
 * where they begin stays in the record. And nothing is transmitted before the record says that they
 * have met: or the next run would take what the peer holds of this one for a sign of it.
 */
export class Meeting {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  #state: 'toCome' | 'ordered' | 'kept' = 'toCome';

  constructor(context: SessionContext, outbox: Outbox) {
    this.#context = context;
    this.#outbox = outbox;
  }

  /** The opening has compared the two. Returns whether that is kept; if not, it is ordered. */
  keep(): boolean {
    if (this.#state === 'toCome') this.#order();
    return this.#state === 'kept';
  }

  #order(): void {
    const { journal, sink } = this.#context;
    let isNews = false;
    for (const channel of this.#outbox.channels) {
      channel.hasMet = true;
      if (channel.firstOfRun === channel.next) continue;
      channel.isRecordDirty = isNews = true;
    }
    if (!isNews || journal.isVolatile) {
      this.#state = 'kept';
      return;
    }
    this.#state = 'ordered';
    journal.afterwards(() => (this.#state = 'kept'));
    sink.requestFlush();
  }
}
