import type { NewReason } from '@wilco/protocol';
import type { LiveSession } from './live-session.ts';
import type { OutboxMove } from './outbox-move.ts';
import {
  usedElsewhere,
  type MoveCounts,
  type MutableCounts,
  type WhenSessionLost,
} from './pass-on.ts';

/** Where messages move to. */
export interface Destination {
  readonly live: LiveSession;
  /** Everything older is in it: new messages may follow. */
  moved(): void;
}

/** A session that is over, and whose messages move. */
export interface LostSession {
  readonly reason: NewReason;
  readonly whenLost: WhenSessionLost;
  /** The peer is asked, at the next opening, what it knows: what is in memory is not doubted before. */
  readonly isAsked?: boolean;
  /** What this side had kept of it was set back, or another process has a copy, and has used it. */
  readonly isUsedElsewhere?: boolean;
  /** All of it has moved, and this became of it. That a copy was used may have been told meanwhile. */
  over(counts: MoveCounts, reason: NewReason): void;
}

interface Source extends LostSession {
  reason: NewReason;
  isUsedElsewhere?: boolean;
  readonly live: () => LiveSession;
  readonly counts: MutableCounts;
  isBegun: boolean;
}

/**
 * Brings the messages of sessions that are over to the current one, in their order: at once what
 * is in memory, in pieces what is on disk only, over any number of runs. Until all of it is there
 * new messages wait. Where the current session is lost meanwhile, its messages go first.
 */
export class OutboxMoves {
  #sources: Source[] = [];
  #to: Destination;
  #move: OutboxMove | undefined;

  constructor(to: Destination) {
    this.#to = to;
  }

  /** The session that was the destination is over, and the next one has taken its place. */
  add(old: LiveSession, to: Destination, lost: LostSession): void {
    this.#stopMove();
    this.#to = to;
    // What a copy has used it had with all that was still on its way there.
    if (lost.isUsedElsewhere === true) {
      for (const source of this.#sources) {
        source.reason = lost.reason;
        source.isUsedElsewhere = true;
        Object.assign(source.counts, usedElsewhere(source.counts, source.whenLost));
      }
    }
    this.#addSource(() => old, lost);
  }

  /** A run before this one had not moved all of a session. Call it for the oldest one first. */
  addStored(open: () => LiveSession, lost: LostSession): void {
    let opened: LiveSession | undefined;
    this.#addSource(() => (opened ??= open()), lost);
  }

  /** What another one has not moved yet moves here as well, behind what does already. */
  join(other: OutboxMoves): void {
    other.#stopMove();
    this.#sources.push(...other.#sources);
    other.#sources = [];
  }

  /** Goes on with whose turn it is. */
  start(): void {
    const source = this.#sources[0];
    if (source === undefined) {
      this.#to.moved();
      return;
    }
    const { live: current } = this.#to;
    const { counts } = source;
    const old = source.live();
    if (source.isUsedElsewhere === true) old.driver.engine.onDisk.usedElsewhere();
    if (!source.isBegun) this.#begin(source, old);
    if (!old.isLeftOnDisk) {
      this.#over(source);
      return;
    }
    old.saveSuccessor(current, source.reason);
    this.#move = old.moveRest(current, source.whenLost, counts, () => this.#over(source));
    this.#move.start();
  }

  /** Leaves what has not moved where it is. Returns whose it is. */
  stop(): LiveSession[] {
    this.#stopMove();
    return this.#sources.map(({ live }) => live());
  }

  #addSource(live: () => LiveSession, lost: LostSession): void {
    const counts = { handled: 0, resent: 0, inDoubt: 0, moved: 0 };
    this.#sources.unshift({ ...lost, live, counts, isBegun: false });
  }

  /** What is in memory moves at once. */
  #begin(source: Source, old: LiveSession): void {
    const { counts, isAsked, whenLost } = source;
    const isLast = this.#sources.length === 1;
    source.isBegun = true;
    const { resent, inDoubt, moved } = old.moveTo(
      this.#to.live,
      isAsked === true ? 'resend' : whenLost,
      () => {
        // A settled message makes room, which is for those behind it.
        if (isLast && !old.isLeftOnDisk) this.#to.moved();
      },
    );
    counts.resent += resent;
    counts.inDoubt += inDoubt;
    counts.moved += moved;
  }

  #stopMove(): void {
    this.#move?.stop();
    this.#move = undefined;
  }

  #over(source: Source): void {
    this.#move = undefined;
    this.#sources.shift();
    source.live().forget();
    source.over(source.counts, source.reason);
    this.start();
  }
}
