import type { SessionSink } from '@wilco/session';
import type { Clock } from './clock.ts';
import type { SessionLog } from './session-log.ts';

/** The same orders, written down before they are passed on. Without a log there is none of it. */
export function loggedSink(sink: SessionSink, log: SessionLog, clock: Clock): SessionSink {
  return {
    transmit: (frame) => {
      log.transmitted(frame);
      sink.transmit(frame);
    },
    dropConnection: (error) => {
      log.dropped(error, clock.nowMs());
      sink.dropConnection(error);
    },
    queued: (message) => {
      log.queued(message);
      sink.queued(message);
    },
    received: (message) => {
      log.received(message);
      sink.received(message);
    },
    settled: (message, settlement) => {
      log.settled(message, settlement);
      sink.settled(message, settlement);
    },
    start: (delivery) => {
      log.started(delivery);
      sink.start(delivery);
    },
    abort: (delivery, code) => {
      log.aborted(delivery, code);
      sink.abort(delivery, code);
    },
    deadLetter: (letter) => {
      log.abandoned(letter);
      sink.deadLetter(letter);
    },
    noticed: (notice) => {
      log.noticed(notice.notice);
      sink.noticed(notice);
    },
    finishConnection: () => sink.finishConnection(),
    requestFlush: () => sink.requestFlush(),
    persist: (operation) => sink.persist(operation),
    commit: (number) => sink.commit(number),
    commitLater: () => sink.commitLater(),
    readOutgoing: (range) => sink.readOutgoing(range),
    drained: () => sink.drained(),
    credentials: (credentials) => sink.credentials(credentials),
    ended: (end) => sink.ended(end),
  };
}
