/** Where a session is. */
export type SessionPhase = 'detached' | 'open' | 'closing' | 'ended';

/** What moves it. */
export type SessionEvent =
  'attach' | 'connectionLost' | 'close' | 'peerClosed' | 'bothClosed' | 'windowOver' | 'givenUp';

/**
 * Which event is legal in which phase, and where it leads. The diagram in ARCHITECTURE.md
 * is drawn from this table, and a test tries every pair.
 *
 * `close`: the application's wish. `peerClosed`: the peer's CLOSE. `bothClosed`: each has
 * answered the other's. `windowOver`: the resume window passed without a connection.
 * `givenUp`: state lost, store failed, poisoned, or a goodbye that found nobody.
 */
export const SESSION_TRANSITIONS = {
  detached: { attach: 'open', close: 'ended', windowOver: 'ended', givenUp: 'ended' },
  open: {
    connectionLost: 'detached',
    close: 'closing',
    peerClosed: 'closing',
    givenUp: 'ended',
  },
  closing: {
    connectionLost: 'ended',
    close: 'closing',
    peerClosed: 'closing',
    bothClosed: 'ended',
    givenUp: 'ended',
  },
  ended: { connectionLost: 'ended', close: 'ended', givenUp: 'ended' },
} as const satisfies Record<SessionPhase, Partial<Record<SessionEvent, SessionPhase>>>;

/** The next phase. @throws `TypeError` for an event that has no place here: a bug of the driver. */
export function nextSessionPhase(phase: SessionPhase, event: SessionEvent): SessionPhase {
  const row: Partial<Record<SessionEvent, SessionPhase>> = SESSION_TRANSITIONS[phase];
  const next = row[event];
  if (next === undefined) throw new TypeError(`a session that is ${phase} can not take ${event}`);
  return next;
}
