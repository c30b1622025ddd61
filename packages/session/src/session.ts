import {
  WilcoError,
  type AckFrame,
  type CloseFrame,
  type ErrorCode,
  type Frame,
  type RunId,
  type SessionContents,
  type SessionId,
} from '@wilco/protocol';
import type { Link } from './conversation.ts';
import { Farewell, peerLeft, settleRest, type FarewellWords } from './farewell.ts';
import type { ResolvedSessionOptions, SessionSetting } from './options.ts';
import { OutboxOnDisk } from './outbox-on-disk.ts';
import type { Surrendered } from './outbox.ts';
import { Knowledge } from './knowledge.ts';
import type { PeerWord, Resolved } from './moved-messages.ts';
import type { OutgoingMessage, SubmitRequest } from './outgoing-message.ts';
import { Poison, progressOf } from './poison.ts';
import { FactsOfParts, type OpeningFacts } from './opening-facts.ts';
import { nextSessionPhase, type SessionEvent, type SessionPhase } from './session-phases.ts';
import { assemble, isQuiet, orderCommit, retire, type SessionParts } from './session-parts.ts';
import { ConnectionCounts, statsOf, type EngineStats } from './session-stats.ts';
import type { Delivery, HandlerResult, SessionSink } from './sink.ts';
import { Untouched } from './untouched.ts';

/**
 * One side of a session: what outlives connections.
 *
 * A pure state machine: no clock, timer, socket, randomness or promise inside. Whatever happens
 * is a call with the time, which must never run backwards; whatever is to be done is an order to
 * the {@link SessionSink}, in its turn. Waking it early, or twice, is harmless.
 */
export class Session {
  /** Set as long as nothing has passed through it; then there are no parts. */
  #untouched: Untouched | undefined;
  #made: SessionParts | undefined;
  readonly #options: ResolvedSessionOptions;
  readonly #sink: SessionSink;
  /** Made by the first connection that dies. */
  #poison: Poison | undefined;
  #phase: SessionPhase = 'detached';
  #peerRunId: RunId | undefined;
  #resumeDeadlineMs = Infinity;
  #resumeWindowMs: number;
  #farewell: Farewell | undefined;
  /** Whether a client's messages are for the next session, though this side gave it up. */
  #isSucceeded = false;
  readonly #connections = new ConnectionCounts();

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
    this.#options = options;
    this.#sink = sink;
    if (setting.isVolatile && contents === undefined) {
      this.#untouched = new Untouched(options, setting, sink, nowMs);
    } else this.#made = assemble(options, setting, sink, nowMs, contents);
    this.#resumeWindowMs = options.resumeWindowMs;
    if (contents === undefined) return;
    this.#peerRunId = contents.session.peerRunId;
    this.#resumeDeadlineMs = nowMs + options.resumeWindowMs;
  }

  /** `undefined` until a client's first WELCOME. */
  get id(): SessionId | undefined {
    return (this.#untouched ?? this.#parts.context).id;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** For questions about its messages. */
  get knowledge(): Knowledge {
    return new Knowledge(this.#parts, this.#isAttached);
  }

  /** What of the outbox is on disk only. */
  get onDisk(): OutboxOnDisk {
    return new OutboxOnDisk(this.#parts, this.#farewell);
  }

  /** Messages of this side without a settled receipt. */
  get unsettledCount(): number {
    return this.#made?.outbox.unsettledCount ?? 0;
  }

  /** Whether nothing would be lost by ending now, on either side. */
  get isQuiet(): boolean {
    return this.#made === undefined || isQuiet(this.#made);
  }

  /** When {@link deadlineReached} is next due; `Infinity` for never. May be early. */
  get nextDeadlineMs(): number {
    const link = this.#untouched ?? this.#parts.conversation;
    const linkMs = this.#isAttached ? link.nextDeadlineMs : this.#resumeDeadlineMs;
    if (this.#made === undefined) return linkMs;
    const { handling, outbox, context } = this.#made;
    if (this.#phase === 'ended') return handling.nextDeadlineMs;
    const goodbyeMs = this.#farewell?.deadlineMs ?? Infinity;
    const keptMs = Math.min(outbox.expiry.nextDeadlineMs, context.journal.deadlineMs);
    return Math.min(handling.nextDeadlineMs, linkMs, goodbyeMs, keptMs);
  }

  /** Gives it its id: once, or at a client's first WELCOME, with what that says of the session before. */
  name(id: SessionId, word?: PeerWord): Resolved | undefined {
    if ((this.id ?? id) !== id) throw new TypeError('the session has another id already');
    (this.#untouched ?? this.#parts.context).id = id;
    return word && this.#made?.moved.resolve(word);
  }

  /** Takes a message: checks, numbers it, has it kept. May throw before that, as `Outbox.submit` says. */
  submit(request: SubmitRequest, nowMs: number): OutgoingMessage {
    return this.#parts.outbox.submit(request, nowMs);
  }

  /** Takes over an unsettled message of a session that is over, under its old id. */
  resubmit(message: OutgoingMessage, isResent: boolean, nowMs: number): void {
    if (isResent) this.#parts.moved.note(message);
    this.#parts.outbox.resubmit(message, isResent, nowMs);
  }

  stopAccepting(): void {
    this.#parts.outbox.admission.isOpen = false;
  }

  /** Starts no handler from now on: what waits for one stays in the store, or is lost with it. */
  stopHandling(): void {
    this.#parts.handling.stop();
    if (this.#phase === 'ended') this.#parts.window.abandon();
  }

  cancel(message: OutgoingMessage): void {
    if (this.#phase !== 'ended') this.#parts.outbox.cancel(message);
  }

  /** Takes a handler's result. Returns `false` when there is nobody to tell any more. */
  handlerFinished(delivery: Delivery, result: HandlerResult, nowMs: number): boolean {
    return this.#parts.handling.finished(delivery, result, nowMs);
  }

  /** What is told and compared at the opening of a connection. */
  get opening(): OpeningFacts {
    return this.#untouched ?? new FactsOfParts(this.#parts, this.#peerRunId);
  }

  /** Before a connection is attached: as {@link OutboxOnDisk.prepare} says. */
  prepare(ack: AckFrame, nowMs: number): boolean {
    return this.#untouched !== undefined || this.onDisk.prepare(ack, nowMs);
  }

  /** The session is open on a connection: its opening is over on both sides. */
  attach(link: Link, nowMs: number): void {
    this.#move('attach');
    this.#connections.attached(this.#peerRunId !== undefined);
    this.#peerRunId = link.peerRunId;
    this.#resumeDeadlineMs = Infinity;
    const { resumeWindowMs, maxMessageBytes } = link.announcement;
    this.#resumeWindowMs = Math.min(this.#options.resumeWindowMs, resumeWindowMs);
    if (this.#untouched?.attach(link, nowMs) === true) {
      this.#sink.requestFlush();
      return;
    }
    this.#parts.handling.peerMaxMessageBytes = maxMessageBytes;
    const wrong = this.#parts.conversation.attach(link, nowMs);
    if (wrong !== undefined) this.#drop(wrong, nowMs);
    else this.#sink.requestFlush();
  }

  /** Bytes came in; call it before they are decoded. */
  heard(nowMs: number): void {
    if (!this.#isAttached || this.#untouched?.heard(nowMs) === true) return;
    this.#parts.conversation.heard(nowMs);
  }

  /** Takes a frame. Its payload may be a view: what is kept is copied. */
  receive(frame: Frame, nowMs: number): void {
    if (!this.#isAttached) return;
    if (this.#untouched?.receive(frame) === true) return;
    if (frame.kind === 'close') this.#peerCloses(frame, nowMs);
    else if (frame.kind !== 'closeAck') {
      const wrong = this.#parts.conversation.receive(frame, nowMs);
      if (wrong !== undefined) this.#drop(wrong, nowMs);
    } else if (this.#farewell !== undefined) {
      this.#farewell.started = frame.channels;
      this.#sink.requestFlush();
    }
  }

  /** Lets an ACK leave with the next flush, whether there is news or not. */
  acknowledge(nowMs: number): void {
    if (!this.#isAttached) return;
    this.#parts.acks.came(0, true, nowMs);
    this.#sink.requestFlush();
  }

  /** The end of a turn: orders the commit, writes the ACK and whatever the windows allow. */
  flush(nowMs: number, isInputDry: boolean): void {
    if (this.#untouched?.flush(nowMs) === true) return;
    this.#parts.handling.ids?.flush(nowMs);
    this.#parts.inbox.turnEnds(nowMs);
    this.complete(nowMs);
    if (!this.#isAttached) return;
    this.#parts.outbox.pager.readAhead(true);
    const farewell = this.#farewell;
    const closing = farewell?.mayAnswer === true ? 'answers' : 'nothing';
    this.#parts.conversation.flush(nowMs, isInputDry, this.#phase === 'open' ? 'all' : closing);
    if (farewell?.say(this.#parts.conversation, nowMs) !== true) return;
    this.#move('bothClosed');
    this.#sink.finishConnection();
    this.#finish(farewell.words.code, farewell.words.reason, nowMs);
  }

  /** What was persisted is about to hold, whoever wants it: orders the commit of all that belongs to it. */
  complete(nowMs: number): void {
    if (this.#phase !== 'ended' && this.#made !== undefined) orderCommit(this.#made, nowMs);
  }

  /** The connection is gone, also before its opening was over, and the driver found out. */
  connectionLost(error: WilcoError | undefined, nowMs: number): void {
    if (this.#isAttached) this.#lose(error, nowMs);
    else (this.#untouched ?? this.#parts).window.detached();
  }

  /** Commits up to `number` hold. */
  committed(number: number, nowMs: number): void {
    this.#parts.context.journal.committed(number, nowMs);
    this.#sink.requestFlush();
  }

  /**
   * The store is broken: nothing more is kept, said to be kept, or acknowledged. Where only what it
   * held of this outbox is damaged, this side has lost the state of this session.
   */
  storeFailed(error: WilcoError, nowMs: number): void {
    if (this.#phase === 'ended') return;
    const { code, message } = error;
    this.#isSucceeded = code === 'WILCO_STORE_DAMAGED';
    if (!this.#isSucceeded) this.#parts.context.journal.fail();
    if (!this.#isSucceeded) this.stopHandling();
    this.#giveUp(this.#isSucceeded ? code : 'WILCO_STORE_FAILED', message, nowMs);
  }

  /** A deadline passed; harmless when early. A store without room until `storeFullUntilMs` is waited for. */
  deadlineReached(nowMs: number, storeFullUntilMs = -Infinity): void {
    if (this.#isAttached && this.#untouched?.deadlineReached(nowMs) === true) return;
    this.#parts.handling.deadlineReached(nowMs);
    if (this.#phase === 'ended') return;
    this.#parts.outbox.expiry.deadlineReached(nowMs);
    const broken = this.#parts.context.journal.verdict(nowMs, storeFullUntilMs);
    if (broken !== undefined) {
      this.storeFailed(broken, nowMs);
      return;
    }
    if (this.#isAttached) {
      const dead = this.#parts.conversation.deadlineReached(nowMs);
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
    this.#farewell = new Farewell(words, true, nowMs + this.#options.closeTimeoutMs);
    this.stopHandling();
    this.#move('close');
    if (this.#isAttached) this.#sink.requestFlush();
    else this.#finish(words.code, words.reason, nowMs);
  }

  /** Gives the unsettled messages up for the next session, in order: this one is over. What it had received is handled. */
  surrender(nowMs: number): readonly Surrendered[] {
    if (this.#phase !== 'ended') {
      if (this.#isAttached) this.#sink.requestFlush();
      this.#move('givenUp');
      this.#retire(nowMs);
    }
    return this.onDisk.surrenderMemory();
  }

  /** Figures for people who watch it. */
  stats(nowMs: number): EngineStats {
    const given = [this.#phase, this.#connections] as const;
    return this.#untouched?.stats(...given) ?? statsOf(this.#parts, ...given, nowMs);
  }

  /** Makes them, where something passes for the first time. */
  get #parts(): SessionParts {
    if (this.#untouched !== undefined) {
      this.#made = this.#untouched.awake();
      this.#untouched = undefined;
    }
    return this.#made as SessionParts;
  }

  get #isAttached(): boolean {
    return this.#phase === 'open' || this.#phase === 'closing';
  }

  /** A peer that went for good while this client stays: its messages are for the next session. */
  get #leavesUnsettled(): boolean {
    if (this.#farewell?.words.mode === 'detach') return true;
    const isLeft = this.#isSucceeded || this.#farewell?.isLocal === false;
    return isLeft && this.#parts.context.setting.role === 'client';
  }

  #move(event: SessionEvent): void {
    this.#phase = nextSessionPhase(this.#phase, event);
  }

  /** The session itself ends the connection. */
  #drop(error: WilcoError, nowMs: number): void {
    this.#sink.dropConnection(error);
    this.#lose(error, nowMs);
  }

  #lose(error: WilcoError | undefined, nowMs: number): void {
    this.#move('connectionLost');
    this.#parts.inbox.detached();
    if (this.#phase === 'ended') {
      const words = this.#farewell?.words;
      this.#finish(words?.code ?? 'WILCO_CONNECTION_LOST', words?.reason ?? '', nowMs);
      return;
    }
    this.#connections.lost += 1;
    this.#resumeDeadlineMs = nowMs + this.#resumeWindowMs;
    this.#poison ??= new Poison();
    if (this.#poison.died(error, progressOf(this.#parts.outbox, this.#parts.inbox))) {
      const what = `three connections ended at the same place, the last by ${error?.message ?? ''}`;
      this.#giveUp('WILCO_POISONED', what, nowMs);
    }
  }

  #peerCloses(frame: CloseFrame, nowMs: number): void {
    if (frame.mode === 'detach') {
      this.#drop(peerLeft(frame), nowMs);
      return;
    }
    if (this.#farewell === undefined) {
      this.#farewell = Farewell.toPeer(frame, nowMs + this.#options.closeTimeoutMs);
      if (!this.#leavesUnsettled) this.stopAccepting();
      this.#move('peerClosed');
      this.#parts.handling.stop();
    }
    this.#farewell.peerClosed(this.#parts, nowMs);
    this.#sink.requestFlush();
  }

  #windowOver(nowMs: number): void {
    this.#move('windowOver');
    this.#isSucceeded = true;
    const reason = `no connection for ${String(this.#resumeWindowMs)} ms`;
    this.#finish('WILCO_RESUME_WINDOW_OVER', reason, nowMs);
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
    if (farewell?.words.mode === 'end') this.#parts.handling.abortRunning(code);
    if (!this.#leavesUnsettled) {
      // Whoever submits from now on would wait for ever.
      this.stopAccepting();
      settleRest(this.#parts, farewell, code, reason);
    }
    const isLocal = farewell?.isLocal ?? true;
    this.#sink.ended({ code, reason, isLocal, retryAfterMs: farewell?.words.retryAfterMs });
  }

  #retire(nowMs: number): void {
    this.#resumeDeadlineMs = Infinity;
    const isKept = this.#farewell?.words.mode === 'detach';
    retire(this.#parts, isKept, nowMs);
  }
}
