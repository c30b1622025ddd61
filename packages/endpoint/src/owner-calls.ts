import type { ErrorCode, NoticeFrame, WilcoError } from '@wilco/protocol';
import type {
  AbandonedMessage,
  Delivery,
  OutgoingMessage,
  SessionEnd,
  Settlement,
} from '@wilco/session';
import type { FrameConnection } from './frame-connection.ts';

/**
 * Whom a driver tells, always after the engine has returned: any of these may call the
 * driver again.
 */
export interface SessionDriverOwner {
  queued(message: OutgoingMessage): void;
  received(message: OutgoingMessage): void;
  settled(message: OutgoingMessage, settlement: Settlement): void;
  start(delivery: Delivery): void;
  abort(delivery: Delivery, code: ErrorCode): void;
  /** A message was given up: what is kept of it now goes into the commit that ends it. */
  deadLetter(letter: AbandonedMessage): void;
  noticed(notice: NoticeFrame): void;
  credentials(credentials: Uint8Array): void;
  /** The engine wants to be rid of its connection; it has let go of it already. */
  dropped(connection: FrameConnection, error: WilcoError): void;
  /** Both sides have said goodbye on it. */
  finished(connection: FrameConnection): void;
  /** The session is over. */
  ended(end: SessionEnd): void;
  /** Something happened; asked by those who wait for the session to become quiet. */
  stepped(): void;
}

/** A list that was longer is not kept. */
const KEPT_PLACES = 3 * 64;
/** Of a session to which nothing has happened; nothing is ever put into it. */
const NO_PLACES: unknown[] = [];

/** What is called with two values, or fewer. */
type Call<First, Second> = (owner: SessionDriverOwner, first: First, second: Second) => void;

/**
 * What the owner of a driver is told once the engine has returned, in order. The calls
 * that come with each message are functions that all of a kind share, and their values: no
 * closure is made for it.
 */
export class OwnerCalls {
  readonly #owner: SessionDriverOwner;
  /** The function, then its two values, of one call after the other; free places behind them. */
  #queue = NO_PLACES;
  #end = 0;

  constructor(owner: SessionDriverOwner) {
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#end === 0;
  }

  /** Does them, and those that join meanwhile. One that throws is done; the rest stays. */
  run(): void {
    let done = 0;
    try {
      while (done < this.#end) {
        const queue = this.#queue;
        done += 3;
        const call = queue[done - 3] as Call<unknown, unknown>;
        call(this.#owner, queue[done - 2], queue[done - 1]);
      }
    } finally {
      this.#forget(done);
    }
  }

  settled(message: OutgoingMessage, settlement: Settlement): void {
    this.#add(tellSettled, message, settlement);
  }

  start(delivery: Delivery): void {
    this.#add(tellStart, delivery, undefined);
  }

  abort(delivery: Delivery, code: ErrorCode): void {
    this.#seldom((owner) => owner.abort(delivery, code));
  }

  deadLetter(letter: AbandonedMessage): void {
    this.#seldom((owner) => owner.deadLetter(letter));
  }

  noticed(notice: NoticeFrame): void {
    this.#seldom((owner) => owner.noticed(notice));
  }

  credentials(credentials: Uint8Array): void {
    this.#seldom((owner) => owner.credentials(credentials));
  }

  dropped(connection: FrameConnection, error: WilcoError): void {
    this.#seldom((owner) => owner.dropped(connection, error));
  }

  finished(connection: FrameConnection): void {
    this.#seldom((owner) => owner.finished(connection));
  }

  ended(end: SessionEnd): void {
    this.#seldom((owner) => owner.ended(end));
  }

  #seldom(call: (owner: SessionDriverOwner) => void): void {
    this.#add(call, undefined, undefined);
  }

  #add<First, Second>(call: Call<First, Second>, first: First, second: Second): void {
    if (this.#queue === NO_PLACES) this.#queue = [];
    const queue = this.#queue;
    const end = this.#end;
    queue[end] = call;
    queue[end + 1] = first;
    queue[end + 2] = second;
    this.#end = end + 3;
  }

  /** The places stay for the next turn, where they are not very many; what was in them does not. */
  #forget(done: number): void {
    if (done === this.#end && done <= KEPT_PLACES) this.#queue.fill(undefined, 0, done);
    else this.#queue = this.#queue.slice(done, this.#end);
    this.#end -= done;
  }
}

function tellSettled(
  owner: SessionDriverOwner,
  message: OutgoingMessage,
  settlement: Settlement,
): void {
  owner.settled(message, settlement);
}

function tellStart(owner: SessionDriverOwner, delivery: Delivery): void {
  owner.start(delivery);
}
