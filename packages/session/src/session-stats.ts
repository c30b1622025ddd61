import type { Window } from '@wilco/protocol';
import type { Outbox } from './outbox.ts';
import type { SessionParts } from './session-parts.ts';
import type { SessionPhase } from './session-phases.ts';
import type { Settlement } from './sink.ts';

/** How messages ended. Counts since the session began; they only grow. */
export type SettledCounts = Readonly<Record<Settlement['status'], number>>;

/**
 * What has happened in a session since it began here: since it was made, or since this process
 * found it in its store. Only grows; survives any number of connections.
 */
export interface SessionCounters {
  /** Messages that this side's outbox took, with those that came over from a lost session. */
  readonly sent: number;
  /** Messages of the peer that were accepted, each once. */
  readonly received: number;
  /** How this side's messages ended, by outcome. */
  readonly settled: SettledCounts;
  /** Connections that carried the session, the present one included. */
  readonly connectionsOpened: number;
  /** Those of them that ended while the session went on, for whatever reason. */
  readonly connectionsLost: number;
  /** Connections that went on with a session which the peer had known before. */
  readonly resumes: number;
  /** How often the peer was asked for an acknowledgement that did not come. */
  readonly probes: number;
  /** How often a message was written again: after a resume, or where frames get lost. */
  readonly repeats: number;
  /** How often a message of the peer, or a part of one, came again and was dropped. */
  readonly duplicatesDropped: number;
  /** Bytes that came in on its connections, their openings included. Before TLS. */
  readonly bytesIn: number;
  /** Bytes that were written to its connections, their openings included. Before TLS. */
  readonly bytesOut: number;
}

/** How much there is of something in a session now. */
export interface SessionLoad {
  /** Messages of this side without a settled receipt: what the outbox holds. */
  readonly unsettled: number;
  /** Their payload. Bytes. */
  readonly unsettledBytes: number;
  /** Messages of this side that take a place in the peer's window: written and not settled. */
  readonly inFlight: number;
  /** What they take of it; of a large message only its first part counts. Bytes. */
  readonly inFlightBytes: number;
  /** Messages of this side that are unsettled and were not written to the present connection. */
  readonly queued: number;
  /** Messages of this side that wait for room in the outbox; they are not among the `unsettled`. */
  readonly waitingForRoom: number;
  /** How long the oldest unsettled message of this side has been in the outbox; 0 for none. Milliseconds. */
  readonly oldestUnsettledMs: number;
  /** Messages of the peer whose handler runs. */
  readonly handlersRunning: number;
  /** Messages of the peer that wait for their handler to be started. */
  readonly handlersWaiting: number;
}

/** Figures of a session, for people who watch it. Taken when asked for; nothing is kept for it but counters. */
export interface SessionStats extends SessionCounters, SessionLoad {
  readonly phase: SessionPhase;
  /** Smoothed round-trip time (RFC 6298) of this connection; `undefined` before the first sample. Milliseconds. */
  readonly roundTripMs: number | undefined;
  /** How much it varies: RTTVAR of RFC 6298. Milliseconds. */
  readonly roundTripVariationMs: number | undefined;
  /** The shortest that was measured on this connection. Milliseconds. */
  readonly roundTripLeastMs: number | undefined;
  /** The window of the session that this side grants: messages and bytes that may be in flight towards it. */
  readonly windowGranted: Window;
  /** The window of the session that the peer announced last: what may be in flight towards it. */
  readonly windowAnnounced: Window;
}

/** What the engine knows of it. */
export type EngineStats = Omit<SessionStats, 'bytesIn' | 'bytesOut' | 'waitingForRoom'>;

/** The messages of an outbox, counted. */
export class OutboxCounts {
  /** All that it ever took. */
  taken = 0;
  readonly settled = { handled: 0, rejected: 0, expired: 0, cancelled: 0, inDoubt: 0 };
  /** Settled ones that still take a place in the window. */
  leftBehind = 0;
}

/** The connections of a session, counted. */
export class ConnectionCounts {
  opened = 0;
  lost = 0;
  resumes = 0;

  /** @param isKnown - Whether the peer knew the session before. */
  attached(isKnown: boolean): void {
    this.opened += 1;
    if (isKnown) this.resumes += 1;
  }
}

/** The figures of a session as it is now. */
export function statsOf(
  { outbox, inbox, handling, conversation, window }: SessionParts,
  phase: SessionPhase,
  connections: ConnectionCounts,
  nowMs: number,
): EngineStats {
  let handlersRunning = 0;
  for (const channel of inbox.channels) handlersRunning += channel.running.length;
  return {
    phase,
    sent: outbox.counts.taken,
    received: inbox.taken,
    settled: { ...outbox.counts.settled },
    connectionsOpened: connections.opened,
    connectionsLost: connections.lost,
    resumes: connections.resumes,
    duplicatesDropped: inbox.duplicates,
    unsettled: outbox.unsettledCount,
    unsettledBytes: outbox.unsettledBytes,
    inFlight: outbox.inFlightMessages,
    inFlightBytes: outbox.inFlightBytes,
    queued: outbox.unsettledCount - (outbox.inFlightMessages - outbox.counts.leftBehind),
    oldestUnsettledMs: oldestAgeMs(outbox, nowMs),
    handlersRunning,
    handlersWaiting: handling.pendingCount - handlersRunning,
    windowGranted: { messages: window.messages, bytes: window.bytes },
    ...conversation.stats(),
  };
}

/** In a channel the first is the oldest. */
function oldestAgeMs(outbox: Outbox, nowMs: number): number {
  let oldestMs = nowMs;
  for (const channel of outbox.channels) {
    if (channel.isAnswers) continue;
    oldestMs = Math.min(oldestMs, channel.oldestUnsettledMs() ?? oldestMs);
  }
  return nowMs - oldestMs;
}

/** The figures of a session through which nothing has passed, but for its connections and windows. */
export const NOTHING_PASSED = {
  sent: 0,
  received: 0,
  settled: { ...new OutboxCounts().settled },
  duplicatesDropped: 0,
  unsettled: 0,
  unsettledBytes: 0,
  inFlight: 0,
  inFlightBytes: 0,
  queued: 0,
  oldestUnsettledMs: 0,
  handlersRunning: 0,
  handlersWaiting: 0,
  roundTripMs: undefined,
  roundTripVariationMs: undefined,
  roundTripLeastMs: undefined,
  probes: 0,
  repeats: 0,
};
