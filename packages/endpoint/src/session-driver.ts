import type { ErrorCode, Frame, NoticeFrame, StoreOperation, WilcoError } from '@wilco/protocol';
import {
  Session,
  type AbandonedMessage,
  type Delivery,
  type FarewellWords,
  type HandlerResult,
  type Link,
  type OutgoingMessage,
  type PageRange,
  type SessionEnd,
  type SessionSink,
  type Settlement,
  type SubmitRequest,
} from '@wilco/session';
import { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';
import type { EngineView } from './engine-view.ts';
import type { FrameConnection } from './frame-connection.ts';
import { HeldConnection } from './held-connection.ts';
import { OwnerCalls, type SessionDriverOwner } from './owner-calls.ts';
import type { DriverStats, SessionDriverSetting } from './session-driver-setting.ts';
import type { StoreDriver } from './store-driver.ts';
import { TurnEnds, type TurnEnder } from './turn-ends.ts';

/**
 * Drives one engine: the only way in, the only way out, its one timer, its share of the
 * store's commits.
 *
 * Whatever runs code of the application is done after the engine has returned, so that a
 * handler or listener may send, cancel and close as it likes.
 */
export class SessionDriver extends Alarm implements SessionSink, TurnEnder {
  readonly #clock: Clock;
  readonly #turnEnds: TurnEnds;
  readonly store: StoreDriver;
  readonly #owner: SessionDriverOwner;
  readonly #session: Session;
  readonly #storeKey: string;
  #connection: FrameConnection | undefined;
  /** A connection that waits for the store. */
  #held: HeldConnection | undefined;
  /** Of the connections before. */
  #pastBytesIn = 0;
  #pastBytesOut = 0;
  #isInside = true;
  #nowMs: number;
  #isInputDry = true;
  #isFlushScheduled = false;
  /** The engine was called in this turn, which ends with the flush. */
  #isTurnTimed = false;
  /** Something of it goes with the next commit of the store, which asks for the rest. */
  #isInCommit = false;
  /** What is told once the engine has returned. */
  readonly #calls: OwnerCalls;
  #isPerforming = false;
  #isResting = false;

  /** @throws {@link WilcoError} `WILCO_OVERLOADED` when the window budget has no room for it. */
  constructor(setting: SessionDriverSetting, owner: SessionDriverOwner) {
    super(setting.clock);
    this.#clock = setting.clock;
    this.#turnEnds = TurnEnds.of(setting.clock);
    this.store = setting.store;
    this.#owner = owner;
    this.#calls = new OwnerCalls(owner);
    const { options, session, contents } = setting;
    this.#storeKey = session.storeKey;
    this.#nowMs = setting.clock.nowMs();
    const sink = setting.sinkOf?.(this) ?? this;
    this.#session = new Session(options, session, sink, this.#nowMs, contents);
    this.#isInside = false;
    // What a restored session wants to be done is done once its owner knows it.
    this.#clock.defer(() => this.#perform());
    this.#arm();
  }

  /** To read from, and for what leads to no order: all else goes through the driver. */
  get engine(): EngineView {
    return this.#session;
  }

  get isAttached(): boolean {
    return this.#connection !== undefined || this.#held !== undefined;
  }

  stats(): DriverStats {
    const { bytesIn = 0, bytesOut = 0 } = this.#connection ?? {};
    return {
      ...this.#session.stats(this.#clock.nowMs()),
      bytesIn: this.#pastBytesIn + bytesIn,
      bytesOut: this.#pastBytesOut + bytesOut,
    };
  }

  name(...given: Parameters<Session['name']>): ReturnType<Session['name']> {
    return this.#step(() => this.#session.name(...given));
  }

  /** @throws {@link WilcoError} before a seq is taken. */
  submit(request: SubmitRequest): OutgoingMessage {
    // The clock is asked once a turn: it costs as much as to number a message.
    const isKnown = this.#isTurnTimed && request.ttlMs === undefined;
    const nowMs = this.#enter(isKnown ? this.#nowMs : undefined);
    try {
      return this.#session.submit(request, nowMs);
    } finally {
      this.#leave();
    }
  }

  resubmit(message: OutgoingMessage, isResent: boolean): void {
    this.#step((nowMs) => this.#session.resubmit(message, isResent, nowMs));
  }

  cancel(message: OutgoingMessage): void {
    this.#step(() => this.#session.cancel(message));
  }

  settle(message: OutgoingMessage, settlement: Settlement): void {
    this.#step(() => this.#session.onDisk.settle(message, settlement));
  }

  /** Is woken by time no more: the session is over, and nobody waits for its handlers. */
  rest(): void {
    this.#isResting = true;
    this.silence();
  }

  stopHandling(): void {
    this.#session.stopHandling();
  }

  handlerFinished(delivery: Delivery, result: HandlerResult): boolean {
    const nowMs = this.#enter();
    try {
      return this.#session.handlerFinished(delivery, result, nowMs);
    } finally {
      this.#leave();
    }
  }

  fullAck(): ReturnType<Session['opening']['fullAck']> {
    return this.#session.opening.fullAck(this.#clock.nowMs());
  }

  /** The opening of a connection is over. */
  attach(connection: FrameConnection, link: Link): void {
    if (this.#step((nowMs) => this.#session.prepare(link.ack, nowMs))) {
      this.#connection = connection;
      this.#isInputDry = true;
      this.#step((nowMs) => this.#session.attach(link, nowMs));
    } else this.#held = new HeldConnection(connection, link);
    this.requestFlush();
  }

  /** Bytes came in. What that leads to is done at {@link readDone}, with what their frames lead to. */
  heard(): void {
    const nowMs = this.#enter();
    try {
      this.#session.heard(nowMs);
    } finally {
      this.#isInside = false;
    }
  }

  /** Takes a frame of a read. What it leads to is done with those of the others, at {@link readDone}. */
  receive(frame: Frame): void {
    if (this.#held === undefined) {
      this.#take(frame);
      this.requestFlush();
    } else this.#held.keep(frame);
  }

  #take(frame: Frame): true {
    // As of the moment in which the bytes were heard.
    const nowMs = this.#enter(this.#nowMs);
    try {
      this.#session.receive(frame, nowMs);
    } finally {
      this.#isInside = false;
    }
    return true;
  }

  /** Has the peer told what is held here. */
  acknowledge(): void {
    this.#step((nowMs) => this.#session.acknowledge(nowMs));
  }

  /** The frames of a read have been received. */
  readDone(isInputDry: boolean): void {
    this.#isInputDry = isInputDry;
    this.requestFlush();
    this.#perform();
  }

  /** The connection is gone, or is to be let go; or the one on which it was to be opened is. */
  connectionLost(error: WilcoError | undefined): void {
    this.#letGo();
    this.#step((nowMs) => this.#session.connectionLost(error, nowMs));
  }

  close(words: FarewellWords): void {
    this.#step((nowMs) => this.#session.close(words, nowMs));
    this.requestFlush();
  }

  /** The session is over; what it had not settled goes to the next one. */
  surrender(): ReturnType<Session['surrender']> {
    this.#letGo();
    return this.#step((nowMs) => this.#session.surrender(nowMs));
  }

  persist(operation: StoreOperation): void {
    this.#isInCommit ||= this.store.completeWith(this);
    this.store.persist(operation);
  }

  complete(): void {
    this.#session.complete(this.#enter());
    this.#isInside = this.#isInCommit = false;
    this.#arm();
  }

  /** Writes on the connection what is not the engine's to say. */
  write(frame: Frame): void {
    this.transmit(frame);
    this.requestFlush();
  }

  transmit(frame: Frame): void {
    this.#connection?.write(frame);
  }

  dropConnection(error: WilcoError): void {
    const connection = this.#letGo();
    if (connection !== undefined) this.#calls.dropped(connection, error);
  }

  finishConnection(): void {
    const connection = this.#letGo();
    if (connection !== undefined) this.#calls.finished(connection);
  }

  /** The turn ends with a flush. */
  requestFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#isTurnTimed = this.#isInside;
    this.#turnEnds.add(this);
  }

  commit(number: number): void {
    this.store.commit((error) => {
      this.#answered(error, (nowMs) => this.#session.committed(number, nowMs));
    });
  }

  commitLater(): void {
    this.store.commitLater();
  }

  readOutgoing(range: PageRange): void {
    this.store.readOutgoing({ ...range, session: this.#storeKey }, (error, records) => {
      this.#answered(error, (nowMs) => this.#session.onDisk.read(range.channel, records, nowMs));
    });
  }

  queued(message: OutgoingMessage): void {
    this.#owner.queued(message);
  }

  received(message: OutgoingMessage): void {
    this.#owner.received(message);
  }

  settled(message: OutgoingMessage, settlement: Settlement): void {
    this.#calls.settled(message, settlement);
  }

  start(delivery: Delivery): void {
    this.#calls.start(delivery);
  }

  abort(delivery: Delivery, code: ErrorCode): void {
    this.#calls.abort(delivery, code);
  }

  /** Who waits for it counts receipts, which outlive the session. */
  drained(): void {}

  deadLetter(letter: AbandonedMessage): void {
    this.#calls.deadLetter(letter);
  }

  noticed(notice: NoticeFrame): void {
    this.#calls.noticed(notice);
  }

  credentials(credentials: Uint8Array): void {
    this.#calls.credentials(credentials);
  }

  ended(end: SessionEnd): void {
    this.#calls.ended(end);
  }

  /** @internal A deadline of the engine may have passed. */
  ring(): void {
    this.#step((nowMs) => this.#session.deadlineReached(nowMs, this.store.fullUntilMs));
  }

  /** @internal What the turn led to goes out. */
  turnEnds(): void {
    this.#isFlushScheduled = this.#isTurnTimed = false;
    const connection = this.#connection;
    const isInputDry = this.#isInputDry;
    this.#isInputDry = true;
    const nowMs = this.#enter();
    try {
      this.#session.flush(nowMs, isInputDry);
      this.#isInside = false;
      // The disk has something to do while the connection is written to.
      if (this.#turnEnds.isLast) this.store.turnIsOver();
      // Ahead of the orders: one of them may be to let go of the connection.
      connection?.flush();
    } finally {
      this.#leave();
    }
  }

  #answered(error: WilcoError | undefined, act: (nowMs: number) => void): void {
    this.#step((nowMs) =>
      error === undefined ? act(nowMs) : this.#session.storeFailed(error, nowMs),
    );
    this.#attachHeld();
  }

  /** What was to be kept or read before may be there now: the connection that waited for it is open. */
  #attachHeld(): void {
    const held = this.#held;
    if (held === undefined || this.#session.phase !== 'detached') return;
    this.#held = undefined;
    this.attach(held.connection, held.link);
    if (this.#held !== undefined) this.#held = held;
    else held.replay((frame) => this.#connection === held.connection && this.#take(frame));
  }

  #letGo(): FrameConnection | undefined {
    const connection = this.#connection;
    this.#held = this.#connection = undefined;
    this.#pastBytesIn += connection?.bytesIn ?? 0;
    this.#pastBytesOut += connection?.bytesOut ?? 0;
    return connection;
  }

  #step<Result>(act: (nowMs: number) => Result): Result {
    const nowMs = this.#enter();
    try {
      return act(nowMs);
    } finally {
      this.#leave();
    }
  }

  /** The engine is about to be called, at this time. */
  #enter(nowMs = this.#clock.nowMs()): number {
    if (this.#isInside) throw new TypeError('the session was called from inside one of its orders');
    this.#isInside = true;
    this.#nowMs = nowMs;
    return nowMs;
  }

  #leave(): void {
    this.#isInside = false;
    this.#perform();
  }

  /** Does what was ordered, in order; what that leads to joins the queue. */
  #perform(): void {
    if (this.#isPerforming || this.#isInside) return;
    this.#isPerforming = true;
    try {
      if (!this.#calls.isEmpty) this.#calls.run();
    } finally {
      this.#isPerforming = false;
      this.#arm();
      this.#owner.stepped();
    }
  }

  /** One timer, never later than the engine wants to be woken. The flush of this turn arms it anyway. */
  #arm(): void {
    if (this.#isResting || this.#isFlushScheduled) return;
    const dueMs = this.#session.nextDeadlineMs;
    if (dueMs === Infinity && this.#session.phase === 'ended') this.silence();
    else this.ringBy(dueMs);
  }
}
