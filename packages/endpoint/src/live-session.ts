import type {
  ErrorCode,
  NewReason,
  NoticeFrame,
  SessionContents,
  SessionId,
  SessionRecord,
} from '@wilco/protocol';
import {
  cancelled,
  inDoubt,
  type AbandonedMessage,
  type Delivery,
  type FarewellWords,
  type HandlerResult,
  type LeftOnDisk,
  type OutgoingMessage,
  type SessionEnd,
  type SessionStats,
  type Settlement,
  type Surrendered,
} from '@wilco/session';
import type { FrameConnection } from './frame-connection.ts';
import {
  HandlerRuns,
  type HandlerFailure,
  type HandlerRunsOwner,
  type LateResult,
} from './handler-runs.ts';
import type { LiveSessionSetting, SessionLife } from './live-session-setting.ts';
import { LoggedSessionDriver } from './logged-session-driver.ts';
import { OutboxMove } from './outbox-move.ts';
import type { SessionDriverOwner } from './owner-calls.ts';
import { passOn, type MoveCounts, type MutableCounts, type WhenSessionLost } from './pass-on.ts';
import { MessageReceipt } from './receipt.ts';
import { SessionDriver } from './session-driver.ts';
import type { SessionHandle } from './session-handle.ts';

/** One session in use: its driver, with the receipts and the handlers of the application. */
export class LiveSession implements SessionDriverOwner, HandlerRunsOwner {
  readonly driver: SessionDriver;
  readonly #setting: LiveSessionSetting;
  readonly #life: SessionLife;
  /** Made by the first message that comes. */
  #runs: HandlerRuns | undefined;
  #closing: FarewellWords | undefined;
  #goodbyeAtMs = Infinity;
  #cancelDrain = nothing;
  #hasEnded = false;
  #isMoved = false;
  /** Set while it handles what it had received, though it is over. */
  #forgetOutliving = nothing;
  #onEnded: (() => void)[] | undefined;

  /** @throws {@link WilcoError} `WILCO_OVERLOADED` when the window budget has no room for it. */
  constructor(setting: LiveSessionSetting, life: SessionLife) {
    this.#setting = setting;
    this.#life = life;
    this.driver =
      setting.log === undefined
        ? new SessionDriver(setting.driver, this)
        : new LoggedSessionDriver(setting.driver, this, setting.log);
  }

  /** Names its records in the store. */
  get storeKey(): string {
    return this.#setting.driver.session.storeKey;
  }

  get peerRole(): 'client' | 'server' {
    return this.#setting.driver.session.role === 'client' ? 'server' : 'client';
  }

  get handle(): SessionHandle {
    return this.#setting.handle;
  }

  /** Empty for a client that was not connected yet. */
  get sessionId(): SessionId {
    return this.driver.engine.id ?? '';
  }

  nowMs(): number {
    return this.#setting.driver.clock.nowMs();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  stats(): SessionStats {
    const waitingForRoom = this.#setting.sender.waitingCount;
    return { ...this.driver.stats(), waitingForRoom };
  }

  /** Keeps what belongs to the session beside its messages; part of the next commit. */
  saveRecord(record: Omit<SessionRecord, 'session' | 'role'>): void {
    const { role } = this.#setting.driver.session;
    this.driver.persist({
      type: 'putSession',
      record: { ...record, session: this.storeKey, role },
    });
  }

  /** The opening has compared the memories of the two sides; part of the next commit. */
  met(): void {
    if (!this.#setting.driver.store.isVolatile) this.driver.engine.knowledge.meet();
  }

  get wallOffsetMs(): number {
    return this.#setting.driver.session.wallOffsetMs;
  }

  /** The store holds what another run had sent: its messages count as unsettled here. */
  adopt({ sending }: SessionContents): void {
    for (const { unsettled, unsettledBytes } of sending) {
      this.#setting.sender.adopt(unsettled, unsettledBytes);
    }
  }

  /** It is over, and its messages go to another session, also where the next run has to see to it. */
  saveSuccessor(next: LiveSession, reason: NewReason): void {
    this.saveRecord({
      ...NOTHING_KNOWN,
      id: this.driver.engine.id,
      successor: { session: next.storeKey, reason },
      identity: this.handle.identity,
    });
  }

  /** Nothing of it is to be found again, after the next start either. */
  forget(): void {
    this.driver.engine.knowledge.releaseIds(this.nowMs());
    this.driver.persist({ type: 'dropSession', session: this.storeKey });
    // There may never be another commit, and its messages have been told how they ended.
    this.#setting.driver.store.commit(() => {});
  }

  /**
   * Says goodbye when nothing would be lost by it, or after `drainMs`. Resolves when the
   * session is over. Said again, the shorter time holds.
   */
  close(words: FarewellWords, drainMs: number): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    const { clock } = this.#setting.driver;
    const sayGoodbye = (): void => this.driver.close(words);
    this.#closing = words;
    this.#cancelDrain();
    this.#goodbyeAtMs = Math.min(this.#goodbyeAtMs, clock.nowMs() + drainMs);
    if (drainMs > 0) this.#cancelDrain = clock.schedule(this.#goodbyeAtMs, sayGoodbye);
    else sayGoodbye();
    const over = new Promise<void>((resolve) => {
      if (this.#isOver()) resolve();
      else (this.#onEnded ??= []).push(resolve);
    });
    this.stepped();
    return over;
  }

  /**
   * The session is over; its unsettled messages go to the next one, or are settled.
   *
   * @param moved - Called when all that move have moved, and before any is settled: a
   *   settled one makes room for others, which must not come into a session that is over.
   */
  moveTo(next: LiveSession, whenLost: WhenSessionLost, moved: () => void = () => {}): MoveCounts {
    const counts = { handled: 0, resent: 0, inDoubt: 0, moved: 0 };
    const lost = passOn(this.driver, this.driver.surrender(), next.driver, whenLost, counts);
    moved();
    for (const message of lost) this.driver.settle(message, LOST);
    this.#markEnded();
    this.#outlive();
    return counts;
  }

  /** Whether it is over and some of its messages, on disk only, have not moved yet. */
  get isLeftOnDisk(): boolean {
    return this.driver.engine.onDisk.left().length > 0;
  }

  /** What {@link moveTo} has left on disk goes the same way, in pieces, and is counted. */
  moveRest(
    next: LiveSession,
    whenLost: WhenSessionLost,
    counts: MutableCounts,
    done: () => void,
  ): OutboxMove {
    return new OutboxMove(this, {
      take: (surrendered) => {
        const lost = passOn(this.driver, surrendered, next.driver, whenLost, counts);
        for (const message of lost) this.driver.settle(message, LOST);
      },
      damaged: (left) => {
        counts.inDoubt += this.#abandon(left, LOST);
      },
      done,
    });
  }

  /**
   * The session is over, and none follows: what is unsettled is settled truly, and no
   * handler is started on what it had received. What waits for room gets none in it.
   */
  giveUp(code: ErrorCode, reason: string): void {
    this.driver.engine.stopAccepting();
    this.driver.stopHandling();
    this.#settleAll(this.driver.surrender(), code, reason);
    this.#rest(code);
    this.#markEnded();
  }

  /**
   * {@link giveUp}, and nothing of it is to be found again. What is on disk only is read first, so
   * that each of its messages is told of; resolves when that is done.
   */
  bury(code: ErrorCode, reason: string): Promise<void> {
    this.giveUp(code, reason);
    const { store } = this.#setting.driver;
    if (store.hasFailed) this.leave();
    if (!this.isLeftOnDisk || store.hasFailed) {
      this.forget();
      return Promise.resolve();
    }
    const buried = new Promise<void>((resolve) => {
      const move = new OutboxMove(this, {
        take: (surrendered) => this.#settleAll(surrendered, code, reason),
        damaged: (left) => this.#abandon(left, inDoubt(code, reason)),
        done: () => {
          this.forget();
          resolve();
        },
      });
      move.start();
    });
    store.waitFor(buried);
    return buried;
  }

  /** This side is closed and its store keeps the session: who has a receipt is told so. */
  leave(): void {
    this.driver.engine.stopAccepting();
    this.driver.stopHandling();
    this.#rest('WILCO_SESSION_ENDED');
    this.#markEnded();
    const { store } = this.#setting.driver;
    const failed = inDoubt('WILCO_STORE_FAILED', 'the store failed while it was closed');
    for (const { receipt } of [...this.driver.engine.onDisk.asked()]) {
      if (!(receipt instanceof MessageReceipt)) continue;
      if (store.hasFailed) receipt.settle(failed);
      else receipt.leave();
    }
  }

  queued(message: OutgoingMessage): void {
    if (message.receipt instanceof MessageReceipt) message.receipt.markQueued();
  }

  received(message: OutgoingMessage): void {
    if (message.receipt instanceof MessageReceipt) message.receipt.markReceived();
  }

  settled(message: OutgoingMessage, settlement: Settlement): void {
    const { kept } = this.#setting.sender;
    if (kept?.isEmpty === false && message.isIdExplicit) kept.settled(message.id, settlement);
    const { receipt } = message;
    if (!(receipt instanceof MessageReceipt)) {
      this.#setting.sender.settledUnheld(message, settlement);
      return;
    }
    receipt.settle(settlement);
    if (message.isOfEarlierRun) this.#setting.sender.settledEarlier(receipt);
  }

  start(delivery: Delivery): void {
    this.#runs ??= new HandlerRuns(this.#setting.handlers, this);
    this.#runs.start(delivery);
  }

  abort(delivery: Delivery, code: ErrorCode): void {
    this.#runs?.abort(delivery, code);
  }

  deadLetter(letter: AbandonedMessage): void {
    const { identity } = this.handle;
    this.#setting.letters.died(letter, { session: this.sessionId, identity });
  }

  handlerFinished(delivery: Delivery, result: HandlerResult): boolean {
    return this.driver.handlerFinished(delivery, result);
  }

  checkEffect(effect: unknown): void {
    this.driver.store.checkEffect(effect);
  }

  handlerFailed(failure: HandlerFailure): void {
    this.#life.handlerFailed(failure);
  }

  lateResult(result: LateResult): void {
    this.#life.lateResult(result);
  }

  noticed(notice: NoticeFrame): void {
    this.#life.noticed(notice);
  }

  credentials(credentials: Uint8Array): void {
    this.#life.credentials(credentials);
  }

  dropped(connection: FrameConnection, error: Parameters<SessionDriverOwner['dropped']>[1]): void {
    this.#life.dropped(connection, error);
  }

  finished(connection: FrameConnection): void {
    this.#life.finished(connection);
  }

  ended(end: SessionEnd): void {
    this.#life.ended(end);
    // What a session had received whose messages moved on is still to be handled.
    if (!this.#isMoved) this.#rest(end.code);
    this.#markEnded();
  }

  #settleAll(surrendered: readonly Surrendered[], code: ErrorCode, reason: string): void {
    for (const { message, mayBeHandled } of surrendered) {
      // What a broken store holds, the next run may send.
      const isUnsure = mayBeHandled || code === 'WILCO_STORE_FAILED';
      this.driver.settle(message, isUnsure ? inDoubt(code, reason) : cancelled(code, reason));
    }
  }

  /** Who has a receipt of what can't be read is told; of the others only the number is known. */
  #abandon(left: LeftOnDisk, settlement: Settlement): number {
    const { known, unknown } = this.driver.engine.onDisk.abandon(left);
    for (const message of known) this.driver.settle(message, settlement);
    this.#setting.sender.lost(unknown, settlement);
    return known.length + unknown;
  }

  stepped(): void {
    if (this.driver.engine.isQuiet) this.#forgetOutliving();
    if (this.#closing === undefined || this.#hasEnded) return;
    if (!this.driver.engine.isQuiet || this.#setting.sender.unsettledCount > 0) return;
    const words = this.#closing;
    this.#closing = undefined;
    this.#cancelDrain();
    this.driver.close(words);
  }

  /** Goes on handling what it had received, until that is done or the endpoint closes. */
  #outlive(): void {
    if (this.driver.engine.isQuiet) return;
    this.#forgetOutliving = this.#setting.handlers.whenClosed(() => {
      this.#rest('WILCO_SESSION_ENDED');
    });
  }

  /** Nobody waits for its handlers any more, and nothing of it keeps the process alive. */
  #rest(code: ErrorCode): void {
    this.driver.stopHandling();
    this.#runs?.abortAll(code);
    this.driver.rest();
  }

  #isOver(): boolean {
    return this.#hasEnded;
  }

  #markEnded(): void {
    this.#hasEnded = true;
    this.#cancelDrain();
    const waiting = this.#onEnded ?? [];
    this.#onEnded = undefined;
    for (const tell of waiting) tell();
  }
}

const NOTHING_KNOWN = {
  peerRunId: undefined,
  serverId: undefined,
  token: undefined,
  tokenHashes: [],
  identity: undefined,
  attempt: undefined,
} as const;

const LOST = inDoubt('WILCO_STATE_LOST', 'the session was lost, and it may have been handled');

function nothing(): void {}
