import {
  isErrorCode,
  WilcoError,
  type AckFrame,
  type Announcement,
  type ChannelOffer,
  type CloseFrame,
  type ErrorCode,
  type Frame,
  type RunId,
  type SessionContents,
  type SessionId,
} from '@wilco/protocol';
import { AckWriter } from './ack-writer.ts';
import type { SessionContext } from './context.ts';
import { Conversation, type Link } from './conversation.ts';
import { Farewell, type FarewellWords } from './farewell.ts';
import { Handling } from './handling.ts';
import { Inbox } from './inbox.ts';
import { Journal } from './journal.ts';
import type { ResolvedSessionOptions, SessionSetting } from './options.ts';
import { Outbox, type Surrendered } from './outbox.ts';
import type { OutgoingMessage, SubmitRequest } from './outgoing-message.ts';
import { Poison } from './poison.ts';
import { nextSessionPhase, type SessionEvent, type SessionPhase } from './session-phases.ts';
import { SessionWindow } from './session-window.ts';
import { cancelled, inDoubt } from './settlement.ts';
import type { Delivery, HandlerResult, SessionSink, Settlement } from './sink.ts';

/** How the opening of a connection judges the two sides' states. */
export type Judgement = 'continues' | 'peerStateLost' | 'ownStateLost';

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

/**
 * One side of a session: what outlives connections.
 *
 * A pure state machine: no clock, timer, socket, randomness or promise inside. Whatever
 * happens is a call with the time; whatever is to be done is an order to the
 * {@link SessionSink}, in the order in which it is to be done. Time must never run
 * backwards. Waking it early, or twice, is harmless.
 */
export class Session {
  readonly #context: SessionContext;
  readonly #sink: SessionSink;
  readonly #outbox: Outbox;
  readonly #window: SessionWindow;
  readonly #acks: AckWriter;
  readonly #handling: Handling;
  readonly #inbox: Inbox;
  readonly #conversation: Conversation;
  readonly #poison = new Poison();
  #phase: SessionPhase = 'detached';
  #peerRunId: RunId | undefined;
  #resumeDeadlineMs = Infinity;
  #resumeWindowMs: number;
  #farewell: Farewell | undefined;
  #connections = 0;

  /**
   * @param contents - What a store held of this session; absent for a new one.
   * @throws {@link WilcoError} `WILCO_OVERLOADED` when the window budget has no room for it.
   */
  constructor(
    options: ResolvedSessionOptions,
    setting: SessionSetting,
    sink: SessionSink,
    nowMs: number,
    contents?: SessionContents,
  ) {
    const journal = new Journal(sink, setting.isVolatile);
    const context: SessionContext = { options, setting, sink, journal, id: contents?.session.session };
    this.#context = context;
    this.#sink = sink;
    this.#resumeWindowMs = options.resumeWindowMs;
    this.#window = new SessionWindow(options, setting.budget);
    this.#outbox = new Outbox(context, nowMs, contents);
    this.#acks = new AckWriter(context);
    this.#handling = new Handling(context, this.#outbox, this.#acks, this.#window);
    this.#inbox = new Inbox(context, this.#handling, this.#acks, this.#window, contents);
    this.#conversation = new Conversation(context, this.#outbox, this.#inbox, this.#acks, this.#window);
    this.#outbox.onAnswerArrived = (answer, thenMs) => {
      this.#handling.answerArrived(answer, thenMs);
    };
    this.#handling.channelOf = (number) => this.#inbox.channel(number);
    this.#handling.allChannels = () => this.#inbox.channels;
    if (contents === undefined) return;
    this.#peerRunId = contents.session.peerRunId;
    this.#resumeDeadlineMs = nowMs + options.resumeWindowMs;
    for (const channel of this.#inbox.channels) this.#handling.pump(channel, nowMs);
  }

  /** `undefined` until a client's first WELCOME. */
  get id(): SessionId | undefined {
    return this.#context.id;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** Messages of this side without a settled receipt. */
  get unsettledCount(): number {
    return this.#outbox.unsettledCount;
  }

  /** Whether nothing would be lost by ending now, on either side. */
  get isQuiet(): boolean {
    const { unsettledCount, unacknowledgedAnswers } = this.#outbox;
    return unsettledCount === 0 && unacknowledgedAnswers === 0 && this.#handling.pendingCount === 0;
  }

  /** When {@link deadlineReached} is next due; `Infinity` for never. May be early. */
  get nextDeadlineMs(): number {
    const handlersMs = this.#handling.nextDeadlineMs;
    if (this.#phase === 'ended') return handlersMs;
    const storeMs = this.#context.journal.oldestSinceMs + this.#context.options.storeTimeoutMs;
    const farewellMs = this.#farewell?.deadlineMs ?? Infinity;
    const linkMs = this.#isAttached ? this.#conversation.nextDeadlineMs : this.#resumeDeadlineMs;
    return Math.min(handlersMs, this.#outbox.nextDeadlineMs, storeMs, farewellMs, linkMs);
  }

  /** Gives the session its id: once, at its creation or at a client's first WELCOME. */
  name(id: SessionId): void {
    if (this.#context.id !== undefined && this.#context.id !== id) {
      throw new TypeError(`the session is named ${this.#context.id} already`);
    }
    this.#context.id = id;
  }

  /**
   * Takes a message: checks, numbers it, has it kept.
   *
   * @throws {@link WilcoError} before a seq is taken: `WILCO_CLOSED`, `WILCO_OPTION_INVALID`,
   *   `WILCO_PAYLOAD_TOO_LARGE` or `WILCO_OUTBOX_FULL`.
   */
  submit(request: SubmitRequest, nowMs: number): OutgoingMessage {
    return this.#outbox.submit(request, nowMs);
  }

  /** Takes over an unsettled message of a session that is over, under its old id. */
  resubmit(message: OutgoingMessage, isResent: boolean, nowMs: number): void {
    this.#outbox.resubmit(message, isResent, nowMs);
  }

  /** Takes no new messages from now on. */
  stopAccepting(): void {
    this.#outbox.isAccepting = false;
  }

  /** Withdraws a message, at once or by asking the peer; its receipt tells how it ended. */
  cancel(message: OutgoingMessage): void {
    if (this.#phase !== 'ended') this.#outbox.cancel(message);
  }

  /** Takes a handler's result. Returns `false` when there is nobody to tell any more. */
  handlerFinished(delivery: Delivery, result: HandlerResult, nowMs: number): boolean {
    return this.#handling.finished(delivery, result, nowMs);
  }

  /** This side's sending channels, for HELLO or WELCOME. */
  offers(): readonly ChannelOffer[] {
    return this.#outbox.channels.map(({ number, firstOfRun, received }) => ({
      channel: number,
      first: firstOfRun,
      reported: received,
    }));
  }

  /** What this side tells of itself, for WELCOME or READY. */
  announcement(): Announcement {
    const { options, setting } = this.#context;
    return {
      waitMs: options.waitMs,
      ackDelayMs: options.ackDelayMs,
      handlerTimeoutMs: options.handlerTimeoutMs,
      handlerGraceMs: options.handlerGraceMs,
      resumeWindowMs: options.resumeWindowMs,
      maxMessageBytes: this.#window.maxMessageBytes,
      worth: setting.worth,
      hasIntegrity: setting.hasIntegrity,
      features: 0,
    };
  }

  /** All that this side holds, for WELCOME or READY: the first ACK of a connection. */
  fullAck(nowMs: number): AckFrame {
    this.#acks.begin();
    return this.#acks.write(this.#inbox.channels, this.#window, true, nowMs);
  }

  /**
   * Compares the two sides' memories: a peer that may assign a seq that is held here
   * already, or a position here below one that was once reported, means that a store was
   * lost, restored or cloned.
   */
  judge(peerRunId: RunId, offers: readonly ChannelOffer[]): Judgement {
    const isNewRun = peerRunId !== this.#peerRunId;
    for (const { channel, reported } of offers) {
      if ((this.#inbox.channel(channel)?.accepted ?? 1) < reported) return 'ownStateLost';
    }
    for (const { number, accepted } of this.#inbox.channels) {
      const first = offers.find(({ channel }) => channel === number)?.first ?? 1;
      if (isNewRun && accepted > first) return 'peerStateLost';
    }
    return 'continues';
  }

  /** The session is open on a connection: its opening is over on both sides. */
  attach(link: Link, nowMs: number): void {
    this.#move('attach');
    this.#connections += 1;
    this.#peerRunId = link.peerRunId;
    this.#resumeDeadlineMs = Infinity;
    this.#resumeWindowMs = Math.min(
      this.#context.options.resumeWindowMs,
      link.announcement.resumeWindowMs,
    );
    this.#handling.peerMaxMessageBytes = link.announcement.maxMessageBytes;
    const wrong = this.#conversation.attach(link, nowMs);
    if (wrong !== undefined) this.#drop(wrong, nowMs);
    else this.#sink.requestFlush();
  }

  /** Bytes came in; call it before they are decoded. */
  heard(nowMs: number): void {
    if (this.#isAttached) this.#conversation.heard(nowMs);
  }

  /** Takes a frame. Its payload may be a view: what is kept is copied. */
  receive(frame: Frame, nowMs: number): void {
    if (!this.#isAttached) return;
    if (frame.kind === 'close') {
      this.#peerCloses(frame, nowMs);
      return;
    }
    if (frame.kind === 'closeAck') {
      if (this.#farewell === undefined) return;
      this.#farewell.started = frame.channels;
      this.#sink.requestFlush();
      return;
    }
    const wrong = this.#conversation.receive(frame, nowMs);
    if (wrong !== undefined) this.#drop(wrong, nowMs);
  }

  /** The end of a turn: orders the commit, writes the ACK and whatever the windows allow. */
  flush(nowMs: number, isInputDry: boolean): void {
    if (this.#phase !== 'ended') this.#commit(nowMs);
    if (!this.#isAttached) return;
    this.#conversation.flush(nowMs, isInputDry, this.#phase === 'open');
    if (this.#farewell !== undefined) this.#sayGoodbye(this.#farewell, nowMs);
  }

  /** The connection is gone, and the driver found out. */
  connectionLost(error: WilcoError | undefined, nowMs: number): void {
    if (this.#isAttached) this.#lose(error, nowMs);
  }

  /** Commits up to `number` hold. */
  committed(number: number, nowMs: number): void {
    this.#context.journal.committed(number, nowMs);
    this.#sink.requestFlush();
  }

  /** The store is broken: nothing more is kept, said to be kept, or acknowledged. */
  storeFailed(error: WilcoError, nowMs: number): void {
    if (this.#phase === 'ended') return;
    this.#context.journal.fail();
    this.#giveUp('WILCO_STORE_FAILED', error.message, nowMs);
  }

  /** A deadline passed; harmless when early. */
  deadlineReached(nowMs: number): void {
    this.#handling.deadlineReached(nowMs);
    if (this.#phase === 'ended') return;
    this.#outbox.expire(nowMs);
    const { journal, options } = this.#context;
    if (journal.oldestSinceMs + options.storeTimeoutMs <= nowMs) {
      const waited = `no commit completed within ${String(options.storeTimeoutMs)} ms`;
      this.storeFailed(new WilcoError('WILCO_STORE_FAILED', waited), nowMs);
      return;
    }
    if (this.#isAttached) {
      const dead = this.#conversation.deadlineReached(nowMs);
      if (dead !== undefined) this.#drop(dead, nowMs);
    } else if (this.#resumeDeadlineMs <= nowMs) this.#windowOver(nowMs);
    const farewell = this.#farewell;
    if (farewell !== undefined && farewell.deadlineMs <= nowMs) {
      this.#giveUp(farewell.words.code, 'the peer did not answer the goodbye', nowMs);
    }
  }

  /**
   * Says goodbye. Open: CLOSE, and the peer's answer within `closeTimeoutMs`. Detached: at
   * once. With `end`, what is unsettled is settled truly before `ended` is ordered; with
   * `detach` it stays as it is, for the next run.
   */
  close(words: FarewellWords, nowMs: number): void {
    if (this.#phase === 'ended' || this.#farewell !== undefined) return;
    this.stopAccepting();
    this.#farewell = new Farewell(words, true, nowMs + this.#context.options.closeTimeoutMs);
    const wasAttached = this.#isAttached;
    this.#move('close');
    if (!wasAttached) this.#finish(words.code, words.reason, nowMs);
    else {
      if (words.mode === 'end') this.#handling.stop();
      this.#sink.requestFlush();
    }
  }

  /**
   * Gives the unsettled messages up for the next session, in order: this one is over, and
   * orders nothing more. What it had received keeps being handled.
   */
  surrender(nowMs: number): readonly Surrendered[] {
    if (this.#phase !== 'ended') {
      if (this.#isAttached) this.#sink.requestFlush();
      this.#move('givenUp');
      this.#retire(nowMs);
    }
    const farewell = this.#farewell;
    const surrendered = this.#outbox.unsettled().map(({ message, mayBeHandled }) => {
      const channel = this.#outbox.channels.find(({ name }) => name === message.channelName);
      const isCertain = farewell?.wasNeverStarted(channel?.number ?? 0, message.seq) ?? false;
      return { message, mayBeHandled: mayBeHandled && !isCertain };
    });
    for (const { message } of surrendered) this.#outbox.release(message);
    return surrendered;
  }

  /** Settles a surrendered message that goes to no other session. */
  settle(message: OutgoingMessage, settlement: Settlement): void {
    message.state = 'settled';
    this.#sink.settled(message, settlement);
  }

  /** Figures for people who watch it. */
  stats(): SessionStats {
    return {
      phase: this.#phase,
      unsettled: this.#outbox.unsettledCount,
      unsettledBytes: this.#outbox.unsettledBytes,
      inFlight: this.#outbox.inFlightMessages,
      duplicatesDropped: this.#inbox.duplicates,
      connections: this.#connections,
      pendingHandlers: this.#handling.pendingCount,
      ...this.#conversation.stats(),
    };
  }

  get #isAttached(): boolean {
    return this.#phase === 'open' || this.#phase === 'closing';
  }

  /** A peer that went for good while this client stays: its messages are for the next session. */
  get #leavesUnsettled(): boolean {
    if (this.#farewell?.words.mode === 'detach') return true;
    return this.#context.setting.role === 'client' && this.#farewell?.isLocal === false;
  }

  #move(event: SessionEvent): void {
    this.#phase = nextSessionPhase(this.#phase, event);
  }

  #commit(nowMs: number): void {
    this.#outbox.beforeCommit();
    this.#inbox.beforeCommit();
    this.#context.journal.commit(nowMs);
  }

  /** The session itself ends the connection. */
  #drop(error: WilcoError, nowMs: number): void {
    this.#sink.dropConnection(error);
    this.#lose(error, nowMs);
  }

  #lose(error: WilcoError | undefined, nowMs: number): void {
    this.#move('connectionLost');
    this.#inbox.detached();
    if (this.#phase === 'ended') {
      const words = this.#farewell?.words;
      this.#finish(words?.code ?? 'WILCO_CONNECTION_LOST', words?.reason ?? 'the connection was lost', nowMs);
      return;
    }
    this.#resumeDeadlineMs = nowMs + this.#resumeWindowMs;
    if (this.#poison.died(error, this.#position())) {
      this.#giveUp('WILCO_POISONED', `three connections ended at the same place, the last by ${error?.message ?? ''}`, nowMs);
    }
  }

  /** Grows with everything that gets through, in either direction. */
  #position(): number {
    let sum = 0;
    for (const { received, confirmedOffset } of this.#outbox.channels) sum += received + confirmedOffset;
    for (const { accepted, assembly } of this.#inbox.channels) sum += accepted + (assembly?.offset ?? 0);
    return sum;
  }

  #peerCloses(frame: CloseFrame, nowMs: number): void {
    const code = isErrorCode(frame.code) ? frame.code : 'WILCO_SESSION_ENDED';
    if (frame.mode === 'detach') {
      this.#drop(new WilcoError(code, `the peer left: ${frame.reason}`), nowMs);
      return;
    }
    if (this.#farewell === undefined) {
      const { reason, retryAfterMs } = frame;
      const deadlineMs = nowMs + this.#context.options.closeTimeoutMs;
      this.#farewell = new Farewell({ mode: 'end', code, reason, retryAfterMs }, false, deadlineMs);
      if (!this.#leavesUnsettled) this.stopAccepting();
      this.#move('peerClosed');
      this.#handling.stop();
    }
    this.#farewell.hasReceivedClose = true;
    this.#farewell.hasSentAck = false;
    this.#sink.requestFlush();
  }

  /** Says what is still to be said; the connection ends when each has answered the other. */
  #sayGoodbye(farewell: Farewell, nowMs: number): void {
    const { words } = farewell;
    if (this.#conversation.takeRepeatClose()) farewell.hasSentClose = false;
    if (!farewell.hasSentClose) {
      farewell.hasSentClose = true;
      this.#conversation.writeAck(true, nowMs);
      this.#conversation.write({ kind: 'close', ...words }, nowMs);
    }
    if (farewell.hasReceivedClose && !farewell.hasSentAck) {
      farewell.hasSentAck = true;
      this.#conversation.writeAck(true, nowMs);
      this.#conversation.write({ kind: 'closeAck', channels: this.#inbox.started() }, nowMs);
    }
    if (words.mode === 'end' && !farewell.isComplete) return;
    this.#move('bothClosed');
    this.#sink.finishConnection();
    this.#finish(words.code, words.reason, nowMs);
  }

  #windowOver(nowMs: number): void {
    this.#move('windowOver');
    const reason = `no connection for ${String(this.#resumeWindowMs)} ms`;
    const isClient = this.#context.setting.role === 'client';
    this.#retire(nowMs);
    if (!isClient) this.#settleRest('WILCO_RESUME_WINDOW_OVER', reason);
    this.#sink.ended({ code: 'WILCO_RESUME_WINDOW_OVER', reason, isLocal: false, retryAfterMs: undefined });
  }

  #giveUp(code: ErrorCode, reason: string, nowMs: number): void {
    if (this.#isAttached) this.#sink.dropConnection(new WilcoError(code, reason));
    this.#move('givenUp');
    this.#finish(code, reason, nowMs);
  }

  /** The phase is `ended`: what is unsettled gets its true end, then the driver is told. */
  #finish(code: ErrorCode, reason: string, nowMs: number): void {
    const farewell = this.#farewell;
    this.#retire(nowMs);
    if (farewell?.words.mode === 'end') this.#handling.abortRunning();
    if (!this.#leavesUnsettled) this.#settleRest(code, reason);
    const isLocal = farewell?.isLocal ?? true;
    this.#sink.ended({ code, reason, isLocal, retryAfterMs: farewell?.words.retryAfterMs });
  }

  #retire(nowMs: number): void {
    this.#resumeDeadlineMs = Infinity;
    this.#handling.isOrphaned = true;
    this.#inbox.dispose();
    this.#commit(nowMs);
  }

  /** Never written, or never started by the peer's word: cancelled. Otherwise nobody can know. */
  #settleRest(code: ErrorCode, reason: string): void {
    for (const { message, mayBeHandled } of this.#outbox.unsettled()) {
      const channel = this.#outbox.channels.find(({ name }) => name === message.channelName);
      const isCertain = this.#farewell?.wasNeverStarted(channel?.number ?? 0, message.seq) ?? false;
      const settlement =
        mayBeHandled && !isCertain ? inDoubt(code, reason) : cancelled(code, reason);
      this.#outbox.settle(message, settlement);
    }
  }
}
