import type {
  ErrorCode,
  Frame,
  NoticeFrame,
  SessionContents,
  SessionId,
  StoreOperation,
  WilcoError,
} from '@wilco/protocol';
import {
  Session,
  type Delivery,
  type FarewellWords,
  type HandlerResult,
  type Link,
  type OutgoingMessage,
  type ResolvedSessionOptions,
  type SessionEnd,
  type SessionSetting,
  type SessionSink,
  type SessionStats,
  type Settlement,
  type SubmitRequest,
} from '@wilco/session';
import type { Clock } from './clock.ts';
import type { EngineView } from './engine-view.ts';
import type { FrameConnection } from './frame-connection.ts';
import { OwnerCalls, type SessionDriverOwner } from './owner-calls.ts';
import type { StoreDriver } from './store-driver.ts';

/** What a driver knows of a session's figures. */
export type DriverStats = Omit<SessionStats, 'waitingForRoom'>;

/** What a driver needs beside the engine's own settings. */
export interface SessionDriverSetting {
  readonly clock: Clock;
  readonly store: StoreDriver;
  readonly options: ResolvedSessionOptions;
  readonly session: SessionSetting;
  readonly contents?: SessionContents;
  /** Takes the orders instead of the driver, and passes them on: for a log. */
  readonly sinkOf?: (driver: SessionSink) => SessionSink;
}

/**
 * Drives one engine: the only way in, the only way out, its one timer, its share of the
 * store's commits.
 *
 * Whatever runs code of the application is done after the engine has returned, so that a
 * handler or listener may send, cancel and close as it likes.
 */
export class SessionDriver implements SessionSink {
  readonly #clock: Clock;
  readonly #store: StoreDriver;
  readonly #owner: SessionDriverOwner;
  readonly #session: Session;
  #connection: FrameConnection | undefined;
  /** Of the connections before. */
  #pastBytesIn = 0;
  #pastBytesOut = 0;
  #isInside = false;
  /** When the engine was called last. */
  #nowMs: number;
  #isInputDry = true;
  #isFlushScheduled = false;
  /** The engine was called in this turn, which ends with the flush. */
  #isTurnTimed = false;
  readonly #runFlush = (): void => this.#flush();
  /** What is told once the engine has returned. */
  readonly #calls: OwnerCalls;
  #isPerforming = false;
  #armedAtMs = Infinity;
  #cancelTimer: () => void = () => {};
  #isResting = false;

  /** @throws {@link WilcoError} `WILCO_OVERLOADED` when the window budget has no room for it. */
  constructor(setting: SessionDriverSetting, owner: SessionDriverOwner) {
    this.#clock = setting.clock;
    this.#store = setting.store;
    this.#owner = owner;
    this.#calls = new OwnerCalls(owner);
    const { options, session, contents } = setting;
    this.#nowMs = this.#clock.nowMs();
    this.#isInside = true;
    const sink = setting.sinkOf?.(this) ?? this;
    this.#session = new Session(options, session, sink, this.#nowMs, contents);
    this.#isInside = false;
    // What a restored session wants to be done is done once its owner knows it.
    this.#clock.defer(() => this.#perform());
    this.#arm();
  }

  /** The engine, to read from: whatever changes it goes through the driver. */
  get engine(): EngineView {
    return this.#session;
  }

  /** Whether it has a connection. */
  get isAttached(): boolean {
    return this.#connection !== undefined;
  }

  /** The session's figures as of now. */
  stats(): DriverStats {
    const { bytesIn = 0, bytesOut = 0 } = this.#connection ?? {};
    return {
      ...this.#session.stats(this.#clock.nowMs()),
      bytesIn: this.#pastBytesIn + bytesIn,
      bytesOut: this.#pastBytesOut + bytesOut,
    };
  }

  name(id: SessionId): void {
    this.#session.name(id);
  }

  /** @throws {@link WilcoError} before a seq is taken. */
  submit(request: SubmitRequest): OutgoingMessage {
    // The clock is asked once a turn: it costs as much as to number a message.
    const isKnown = this.#isTurnTimed && request.ttlMs === undefined;
    const nowMs = isKnown ? this.#enter(this.#nowMs) : this.#enter();
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
    this.#step(() => this.#session.settle(message, settlement));
  }

  stopAccepting(): void {
    this.#session.stopAccepting();
  }

  /** Is woken by time no more: the session is over, and nobody waits for its handlers. */
  rest(): void {
    this.#isResting = true;
    this.#cancelTimer();
    this.#armedAtMs = Infinity;
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

  fullAck(): ReturnType<Session['fullAck']> {
    return this.#session.fullAck(this.#clock.nowMs());
  }

  /** The opening of a connection is over. */
  attach(connection: FrameConnection, link: Link): void {
    this.#connection = connection;
    this.#isInputDry = true;
    this.#step((nowMs) => this.#session.attach(link, nowMs));
    this.#scheduleFlush();
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
    // As of the moment in which the bytes were heard.
    const nowMs = this.#enter(this.#nowMs);
    try {
      this.#session.receive(frame, nowMs);
    } finally {
      this.#isInside = false;
    }
    this.#scheduleFlush();
  }

  /** Has the peer told what is held here, whether there is news or not. */
  acknowledge(): void {
    this.#step((nowMs) => this.#session.acknowledge(nowMs));
  }

  /** The frames of a read have been received. */
  readDone(isInputDry: boolean): void {
    this.#isInputDry = isInputDry;
    this.#scheduleFlush();
    this.#perform();
  }

  /** The connection is gone, or is to be let go; or the one on which it was to be opened is. */
  connectionLost(error: WilcoError | undefined): void {
    this.#letGo();
    this.#step((nowMs) => this.#session.connectionLost(error, nowMs));
  }

  close(words: FarewellWords): void {
    this.#step((nowMs) => this.#session.close(words, nowMs));
    this.#scheduleFlush();
  }

  /** The session is over; what it had not settled goes to the next one. */
  surrender(): ReturnType<Session['surrender']> {
    this.#letGo();
    return this.#step((nowMs) => this.#session.surrender(nowMs));
  }

  /** @throws {@link WilcoError} for writes of the application that its store does not take. */
  checkEffect(effect: unknown): void {
    this.#store.checkEffect(effect);
  }

  /** Part of the next commit, beside what the engine persists. */
  persist(operation: StoreOperation): void {
    this.#store.persist(operation);
  }

  /** Writes on the connection what is not the engine's to say. */
  write(frame: Frame): void {
    this.#connection?.write(frame);
    this.#scheduleFlush();
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

  requestFlush(): void {
    this.#scheduleFlush();
  }

  commit(number: number): void {
    this.#store.commit((error) => {
      this.#step((nowMs) => {
        if (error === undefined) this.#session.committed(number, nowMs);
        else this.#session.storeFailed(error, nowMs);
      });
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

  noticed(notice: NoticeFrame): void {
    this.#calls.noticed(notice);
  }

  credentials(credentials: Uint8Array): void {
    this.#calls.credentials(credentials);
  }

  ended(end: SessionEnd): void {
    this.#calls.ended(end);
  }

  #letGo(): FrameConnection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
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

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#isTurnTimed = this.#isInside;
    this.#clock.defer(this.#runFlush);
  }

  #flush(): void {
    this.#isFlushScheduled = this.#isTurnTimed = false;
    const connection = this.#connection;
    const isInputDry = this.#isInputDry;
    this.#isInputDry = true;
    const nowMs = this.#enter();
    try {
      this.#session.flush(nowMs, isInputDry);
      this.#isInside = false;
      // Ahead of the orders: one of them may be to let go of the connection.
      connection?.flush();
    } finally {
      this.#leave();
    }
  }

  /** One timer, never later than the engine wants to be woken. The flush of this turn arms it anyway. */
  #arm(): void {
    if (this.#isResting || this.#isFlushScheduled) return;
    const dueMs = this.#session.nextDeadlineMs;
    if (dueMs === Infinity && this.#session.phase === 'ended') {
      this.#cancelTimer();
      this.#armedAtMs = Infinity;
    }
    if (dueMs >= this.#armedAtMs) return;
    this.#cancelTimer();
    this.#armedAtMs = dueMs;
    this.#cancelTimer = this.#clock.schedule(dueMs, () => this.#wake());
  }

  #wake(): void {
    this.#armedAtMs = Infinity;
    this.#cancelTimer = () => {};
    // What has come until now is read first: this process may have been busy, or asleep.
    this.#clock.defer(() => this.#step((nowMs) => this.#session.deadlineReached(nowMs)));
  }
}
