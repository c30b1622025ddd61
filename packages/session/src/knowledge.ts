import { explain, type PendingReason, type PendingWanted } from './explain.ts';
import type { SessionParts } from './session-parts.ts';
import type { StatusQuestion } from './status-desk.ts';

/** What can be found out about single messages of a session. Changes nothing. */
export class Knowledge {
  readonly #parts: SessionParts;
  readonly #isAttached: () => boolean;

  constructor(parts: SessionParts, isAttached: () => boolean) {
    this.#parts = parts;
    this.#isAttached = isAttached;
  }

  /** Asks the peer about a message; on the next connection, where there is none. */
  ask(question: StatusQuestion): void {
    this.#parts.desk.ask(question, this.#isAttached());
  }

  /** Nobody waits for the answer any more. */
  takeBack(question: StatusQuestion): void {
    this.#parts.desk.takeBack(question);
  }

  /** Why messages of this side are still pending, as far as this side knows. */
  explain(wanted: PendingWanted): PendingReason[] {
    return explain(this.#parts, this.#isAttached(), wanted);
  }
}
