import { FIRST_SEQ, WilcoError, type OutgoingRecord } from '@wilco/protocol';
import type { LeftOnDisk, Surrendered } from '@wilco/session';
import type { LiveSession } from './live-session.ts';

/** So much is read and moved at once, with one commit. */
const PIECE_MESSAGES = 1_024;
const PIECE_BYTES = 1024 * 1024;

/** The session whose messages move. */
export type MovingSession = Pick<LiveSession, 'driver' | 'storeKey' | 'nowMs'>;

/** Whom the move of an outbox tells. */
export interface OutboxMoveOwner {
  /** Takes the next messages, in order, within one turn. */
  take(surrendered: readonly Surrendered[]): void;
  /** What was to be read there is damaged: nobody can know what it was. */
  damaged(left: LeftOnDisk): void;
  /** All of it has moved. */
  done(): void;
}

/**
 * Takes what a session that is over has on disk only, and gives it away in pieces: each is read,
 * taken, and dropped where it was with the commit that keeps it elsewhere. So whatever happens in
 * between, each message is in one place, and the next run goes on with what is left.
 */
export class OutboxMove {
  readonly #session: MovingSession;
  readonly #owner: OutboxMoveOwner;
  #isStopped = false;

  constructor(session: MovingSession, owner: OutboxMoveOwner) {
    this.#session = session;
    this.#owner = owner;
  }

  /** Begins. What was in memory has been taken in this turn: it is dropped with the same commit. */
  start(): void {
    const { onDisk } = this.#session.driver.engine;
    const left = onDisk.left();
    for (const { number: channel, to: end } of onDisk.channels()) {
      const to = left.find((one) => one.channel === channel)?.from ?? end;
      this.#drop({ channel, from: FIRST_SEQ }, to);
    }
    this.#next();
  }

  /** Leaves the rest where it is. */
  stop(): void {
    this.#isStopped = true;
  }

  #next(): void {
    const left = this.#session.driver.engine.onDisk.left()[0];
    if (left === undefined) {
      this.#owner.done();
      return;
    }
    const range = { ...left, session: this.#session.storeKey };
    const most = { maxMessages: PIECE_MESSAGES, maxBytes: PIECE_BYTES };
    this.#session.driver.store.readOutgoing({ ...range, ...most }, (error, records) => {
      if (this.#isStopped) return;
      if (error === undefined) this.#take(left, records);
      else if (WilcoError.is(error, 'WILCO_STORE_DAMAGED')) this.#skip(left);
    });
  }

  #take(left: LeftOnDisk, records: readonly OutgoingRecord[]): void {
    const { driver } = this.#session;
    const surrendered = driver.engine.onDisk.surrender(left, records, this.#session.nowMs());
    this.#drop(left, (records.at(-1)?.seq ?? left.to - 1) + 1);
    this.#owner.take(surrendered);
    this.#commit();
  }

  #skip(left: LeftOnDisk): void {
    this.#owner.damaged(left);
    const { onDisk } = this.#session.driver.engine;
    // Behind it are those that were still on their way to the disk.
    const behind = { ...left, from: left.to };
    this.#owner.take(onDisk.surrender(behind, [], this.#session.nowMs()));
    this.#drop(left, left.to);
    this.#commit();
  }

  #drop({ channel, from }: Pick<LeftOnDisk, 'channel' | 'from'>, to: number): void {
    this.#session.driver.persist({
      type: 'dropOutgoing',
      session: this.#session.storeKey,
      channel,
      from,
      to,
    });
  }

  /** One piece at a time is in memory: the next is read when this one is kept. */
  #commit(): void {
    this.#session.driver.store.commit((error) => {
      if (error === undefined && !this.#isStopped) this.#next();
    });
  }
}
