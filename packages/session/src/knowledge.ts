import { explain, type PendingReason, type PendingWanted } from './explain.ts';
import type { AckFrame, SessionId } from '@wilco/protocol';
import { tellsOfUnmet, type SentChannel, type SentSession } from './moved-messages.ts';
import type { PastSession } from './past-session.ts';
import { remainsOf, sentIn } from './remains.ts';
import type { SessionParts } from './session-parts.ts';
import type { StatusQuestion } from './status-desk.ts';

/** What can be found out about the messages of a session. */
export class Knowledge {
  readonly #parts: SessionParts;
  readonly #isAttached: boolean;

  constructor(parts: SessionParts, isAttached: boolean) {
    this.#parts = parts;
    this.#isAttached = isAttached;
  }

  /**
   * The opening has compared the memories of the two sides: part of the next commit, which is
   * to be one that is synced. Until it holds, no connection is attached.
   */
  meet(): void {
    this.#parts.meeting.keep();
  }

  /** Asks the peer about a message; on the next connection, where there is none. */
  ask(question: StatusQuestion): void {
    this.#parts.desk.ask(question, this.#isAttached);
  }

  /** Nobody waits for the answer any more. */
  takeBack(question: StatusQuestion): void {
    this.#parts.desk.takeBack(question);
  }

  /**
   * What this side knows of the peer's messages, when the session is over. Remembers under their
   * ids those that ended without the peer's knowledge, and those that are still to be handled.
   */
  remains(nowMs: number): PastSession {
    return remainsOf(this.#parts, nowMs);
  }

  /** No handler is started on what waits, in this run or the next: its ids are free again. */
  releaseIds(nowMs: number): void {
    const { handling, inbox } = this.#parts;
    if (!handling.isStopped) return;
    const waiting = inbox.channels.flatMap((channel) => [...channel.waiting]);
    handling.ids?.released(waiting, nowMs);
  }

  /**
   * Whether the peer, by its last word about a session, knows more of it than this side ever wrote
   * there: then this side was set back, and other messages may have had the same places.
   */
  wasSetBack(session: SessionId | undefined, ack: AckFrame | undefined): boolean {
    if (session === undefined || ack === undefined) return false;
    if (session === this.#parts.context.id) return tellsOfUnmet(this.sent(), ack);
    return this.#parts.moved.wasSetBack(session, ack);
  }

  /** What this side had sent. */
  sent(): SentChannel[] {
    return sentIn(this.#parts);
  }

  /** The messages that move here from now on are from a session that is over. */
  follow(session: SentSession): void {
    this.#parts.moved.from(session);
  }

  /** Why messages of this side are still pending, as far as this side knows. */
  explain(wanted: PendingWanted): PendingReason[] {
    return explain(this.#parts, this.#isAttached, wanted);
  }
}
