import {
  OutboxMoves,
  type LostSession,
  type MoveCounts,
  type WhenSessionLost,
} from '@wilco/endpoint';
import type { NewReason, SessionId } from '@wilco/protocol';
import type { Emit } from './events.ts';
import type { ServerSession } from './server-session.ts';
import type { SessionTable } from './session-table.ts';

/** What a succession needs. */
export interface SuccessionSetting {
  readonly table: SessionTable;
  readonly whenSessionLost: WhenSessionLost;
  readonly emit: Emit;
}

/** What the store held of a session that had a successor, and whose messages have not all moved. */
export interface Unmoved {
  readonly session: ServerSession;
  readonly successor: SessionId;
  readonly reason: NewReason;
}

/**
 * One session follows another: it gets the messages that are unsettled, and whoever waits for
 * them waits there. What is on disk only moves in pieces, over any number of runs.
 */
export class Succession {
  readonly #setting: SuccessionSetting;

  constructor(setting: SuccessionSetting) {
    this.#setting = setting;
  }

  /** A session is over, and this one follows it. */
  succeed(old: ServerSession, session: ServerSession, reason: NewReason): void {
    const { table } = this.#setting;
    if (old.live.hasEnded) return;
    old.fence(session.clientRunId ?? '');
    old.sender.close();
    // First: what settles below makes room, and there is no session to come into.
    old.sender.cancelWaiting('WILCO_STATE_LOST');
    // What this side's own store gave back wrongly the client sends again.
    if (reason === 'serverStateLost') old.live.driver.stopHandling();
    old.bury(reason === 'ended', session.id);
    old.sender.succeededBy(session.sender);
    const moves = movesInto(session, old.moves);
    old.moves = undefined;
    session.sender.hold();
    moves.add(old.live, session.destination, this.#lost(old, session, reason));
    moves.start();
    table.remove(old);
  }

  /** Goes on with what a run before this one had begun. The oldest sessions come first. */
  goOn(found: readonly Unmoved[]): void {
    const { table } = this.#setting;
    const successors = new Map(found.map(({ session, successor }) => [session.id, successor]));
    const waiting = new Set<ServerSession>();
    for (const { session: old, successor, reason } of found) {
      let newest = successor;
      for (let next = successors.get(newest); next; next = successors.get(newest)) newest = next;
      const session = table.find(newest);
      if (session === undefined) {
        void old.live.bury('WILCO_SESSION_ENDED', 'the session that follows it has ended');
        continue;
      }
      old.sender.succeededBy(session.sender);
      session.sender.hold();
      movesInto(session).addStored(() => old.live, this.#lost(old, session, reason));
      waiting.add(session);
    }
    for (const { moves } of waiting) moves?.start();
  }

  #lost(old: ServerSession, session: ServerSession, reason: NewReason): LostSession {
    const { table, whenSessionLost: whenLost, emit } = this.#setting;
    const over = (counts: MoveCounts): void => {
      table.remove(old);
      emit('stateLost', { session: old.handle, successor: session.handle, reason, ...counts });
    };
    return { reason, whenLost, over };
  }
}

/** What moves into a session: with what was on its way into the one before it. */
function movesInto(session: ServerSession, before?: OutboxMoves): OutboxMoves {
  const moves = (session.moves ??= before ?? new OutboxMoves(session.destination));
  if (before !== undefined && before !== moves) moves.join(before);
  return moves;
}
