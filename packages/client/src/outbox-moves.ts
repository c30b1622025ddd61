import type { LiveSession, MoveCounts, OutboxMove, WhenSessionLost } from '@wilco/endpoint';
import type { NewReason, SessionContents, SessionId } from '@wilco/protocol';
import type { StateLost } from './events.ts';

/** What is told of a session that is over. */
interface LostSession {
  /** `undefined` where it never had a name. */
  readonly session: SessionId | undefined;
  readonly reason: NewReason;
  /** The server has shown that it knew the session. */
  readonly isConfirmed: boolean;
  /** The server is asked, at the next opening, what it knows: what is in memory is not doubted before. */
  readonly isAsked: boolean;
}

/** A session whose messages go to the current one. */
interface Source extends LostSession {
  readonly live: () => LiveSession;
  readonly counts: { -readonly [Name in keyof MoveCounts]: MoveCounts[Name] };
  isBegun: boolean;
}

/** What the moves need. */
export interface OutboxMovesSetting {
  readonly whenLost: WhenSessionLost;
  readonly current: () => LiveSession;
  /** Everything older is in the current session: new messages may follow. */
  moved(): void;
  lost(lost: Omit<StateLost, 'successor'>): void;
}

/**
 * Brings the messages of sessions that are over to the current one, in their order: at once what
 * is in memory, in pieces what is on disk only, over any number of runs. Until all of it is there
 * new messages wait. Where the current session is lost meanwhile, its messages go first.
 */
export class OutboxMoves {
  readonly #setting: OutboxMovesSetting;
  readonly #sources: Source[] = [];
  #move: OutboxMove | undefined;

  constructor(setting: OutboxMovesSetting) {
    this.#setting = setting;
  }

  /** The current session is over, and the next one has taken its place. */
  add(old: LiveSession, lost: LostSession): void {
    this.#stopMove();
    const counts = { handled: 0, resent: 0, inDoubt: 0, moved: 0 };
    this.#sources.unshift({ ...lost, live: () => old, counts, isBegun: false });
  }

  /** A run before this one had not moved all of a session. Call it for the oldest one first. */
  addStored({ session }: SessionContents, open: () => LiveSession): void {
    let opened: LiveSession | undefined;
    const live = (): LiveSession => (opened ??= open());
    const counts = { handled: 0, resent: 0, inDoubt: 0, moved: 0 };
    const reason = session.successor?.reason ?? 'ended';
    const source = { session: session.id, reason, isConfirmed: session.id !== undefined, counts };
    this.#sources.unshift({ ...source, live, isAsked: false, isBegun: false });
  }

  /** Goes on with whose turn it is. */
  start(): void {
    const source = this.#sources[0];
    if (source === undefined) {
      this.#setting.moved();
      return;
    }
    const { whenLost } = this.#setting;
    const current = this.#setting.current();
    const old = source.live();
    if (!source.isBegun) {
      source.isBegun = true;
      const isLast = this.#sources.length === 1;
      addTo(
        source.counts,
        old.moveTo(current, source.isAsked ? 'resend' : whenLost, () => {
          // A settled message makes room, which is for those behind it.
          if (isLast && !old.isLeftOnDisk) this.#setting.moved();
        }),
      );
    }
    if (!old.isLeftOnDisk) {
      this.#over(source);
      return;
    }
    old.saveSuccessor(current, source.reason);
    this.#move = old.moveRest(current, whenLost, source.counts, () => this.#over(source));
    this.#move.start();
  }

  /** Leaves what has not moved where it is. Returns whose it is. */
  stop(): LiveSession[] {
    this.#stopMove();
    return this.#sources.map(({ live }) => live());
  }

  #stopMove(): void {
    this.#move?.stop();
    this.#move = undefined;
  }

  #over(source: Source): void {
    const { session, reason, isConfirmed, counts } = source;
    this.#move = undefined;
    this.#sources.shift();
    source.live().forget();
    const isReal = isConfirmed || counts.resent + counts.inDoubt > 0;
    if (session !== undefined && isReal) this.#setting.lost({ session, reason, ...counts });
    if (this.#sources.length > 0) this.start();
    else this.#setting.moved();
  }
}

function addTo(counts: Source['counts'], more: MoveCounts): void {
  counts.resent += more.resent;
  counts.inDoubt += more.inDoubt;
  counts.moved += more.moved;
}
