import type { SessionParts } from './session-parts.ts';
import type { SessionPhase } from './session-phases.ts';

/** Figures of a session, for people who watch it. */
export interface SessionStats {
  readonly phase: SessionPhase;
  /** Messages of this side without a settled receipt. */
  readonly unsettled: number;
  readonly unsettledBytes: number;
  /** Messages that take a place in the peer's window. */
  readonly inFlight: number;
  /** Smoothed round-trip time; `undefined` before the first sample. Milliseconds. */
  readonly roundTripMs: number | undefined;
  /** How often the peer was asked for an acknowledgement that did not come. */
  readonly probes: number;
  /** How often a message was written again. */
  readonly repeats: number;
  /** How often a message of the peer came again and was dropped. */
  readonly duplicatesDropped: number;
  /** How many connections carried this session. */
  readonly connections: number;
  /** Messages of the peer that wait for a handler, or have one running. */
  readonly pendingHandlers: number;
}

/** The figures of a session as it is now. */
export function statsOf(
  { outbox, inbox, handling, conversation }: SessionParts,
  phase: SessionPhase,
  connections: number,
): SessionStats {
  return {
    phase,
    unsettled: outbox.unsettledCount,
    unsettledBytes: outbox.unsettledBytes,
    inFlight: outbox.inFlightMessages,
    duplicatesDropped: inbox.duplicates,
    connections,
    pendingHandlers: handling.pendingCount,
    ...conversation.stats(),
  };
}
