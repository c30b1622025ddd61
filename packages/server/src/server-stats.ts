import type { SessionCounters, SessionLoad } from '@wilco/endpoint';

/**
 * Figures of a server, for people who watch it. Its counters are the sums over all sessions
 * that it ever had in this run, those that are over included; what there is now, over the
 * sessions that there are. Costs a look at each session.
 */
export interface ServerStats extends SessionCounters, SessionLoad {
  /** Sessions, with a connection or not. */
  readonly sessions: number;
  /** Those of them that have a connection. */
  readonly sessionsOnline: number;
  /** Connections, whatever they are at. */
  readonly connections: number;
  /** Those of them that were not authenticated yet. */
  readonly unauthenticated: number;
  /** What the granted windows and the large messages coming in take of `windowBudgetBytes`. Bytes. */
  readonly windowBudgetUsedBytes: number;
  /** What the outboxes take of `outboxBytesTotal`. Bytes. */
  readonly outboxUsedBytes: number;
}

export const NO_COUNTERS: SessionCounters = {
  sent: 0,
  received: 0,
  settled: { handled: 0, rejected: 0, expired: 0, cancelled: 0, inDoubt: 0 },
  connectionsOpened: 0,
  connectionsLost: 0,
  resumes: 0,
  probes: 0,
  repeats: 0,
  duplicatesDropped: 0,
  bytesIn: 0,
  bytesOut: 0,
};

export const NO_LOAD: SessionLoad = {
  unsettled: 0,
  unsettledBytes: 0,
  inFlight: 0,
  inFlightBytes: 0,
  queued: 0,
  waitingForRoom: 0,
  oldestUnsettledMs: 0,
  handlersRunning: 0,
  handlersWaiting: 0,
};

export function addCounters(sum: SessionCounters, one: SessionCounters): SessionCounters {
  return {
    sent: sum.sent + one.sent,
    received: sum.received + one.received,
    settled: {
      handled: sum.settled.handled + one.settled.handled,
      rejected: sum.settled.rejected + one.settled.rejected,
      expired: sum.settled.expired + one.settled.expired,
      cancelled: sum.settled.cancelled + one.settled.cancelled,
      inDoubt: sum.settled.inDoubt + one.settled.inDoubt,
    },
    connectionsOpened: sum.connectionsOpened + one.connectionsOpened,
    connectionsLost: sum.connectionsLost + one.connectionsLost,
    resumes: sum.resumes + one.resumes,
    probes: sum.probes + one.probes,
    repeats: sum.repeats + one.repeats,
    duplicatesDropped: sum.duplicatesDropped + one.duplicatesDropped,
    bytesIn: sum.bytesIn + one.bytesIn,
    bytesOut: sum.bytesOut + one.bytesOut,
  };
}

/** Of ages the greatest, of all else the sum. */
export function addLoad(sum: SessionLoad, one: SessionLoad): SessionLoad {
  return {
    unsettled: sum.unsettled + one.unsettled,
    unsettledBytes: sum.unsettledBytes + one.unsettledBytes,
    inFlight: sum.inFlight + one.inFlight,
    inFlightBytes: sum.inFlightBytes + one.inFlightBytes,
    queued: sum.queued + one.queued,
    waitingForRoom: sum.waitingForRoom + one.waitingForRoom,
    oldestUnsettledMs: Math.max(sum.oldestUnsettledMs, one.oldestUnsettledMs),
    handlersRunning: sum.handlersRunning + one.handlersRunning,
    handlersWaiting: sum.handlersWaiting + one.handlersWaiting,
  };
}
