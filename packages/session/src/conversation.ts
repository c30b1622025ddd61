import {
  WilcoError,
  type AckFrame,
  type Announcement,
  type Frame,
  type ProbeAckFrame,
  type ProbeFrame,
  type RunId,
} from '@wilco/protocol';
import { AckReader } from './ack-reader.ts';
import { AckWatch } from './ack-watch.ts';
import type { AckWriter } from './ack-writer.ts';
import type { SessionContext } from './context.ts';
import type { Inbox } from './inbox.ts';
import { Liveness } from './liveness.ts';
import type { Outbox } from './outbox.ts';
import { RoundTrip } from './round-trip.ts';
import type { EngineStats } from './session-stats.ts';
import type { SessionWindow } from './session-window.ts';
import type { StatusDesk } from './status-desk.ts';
import { Transmitter, type Permitted } from './transmitter.ts';

/** A connection whose opening is over, as the session needs to know it. */
export interface Link {
  readonly peerRunId: RunId;
  /** What the peer told of itself. */
  readonly announcement: Announcement;
  /** What the peer holds: from WELCOME or READY. */
  readonly ack: AckFrame;
  readonly isReliable: boolean;
  /** Whether the memory of what came in is never used again; by default it may be. */
  readonly handsOverReads?: boolean | undefined;
  readonly counts: FrameCounts;
}

/** How many frames have passed on a connection since its opening. */
export interface FrameCounts {
  /** Those that came in, this one included. */
  readonly framesSeen: number;
  readonly framesWritten: number;
}

/** The question whether all has come that was written before it. */
export interface Probe {
  readonly nonce: number;
  readonly sentAtMs: number;
  readonly written: number;
  /** Which of this side's lower windows its answer shows to be known. */
  readonly told: number;
}

/** What of a session's figures is told here. */
type ConversationStats = Pick<
  EngineStats,
  | 'roundTripMs'
  | 'roundTripVariationMs'
  | 'roundTripLeastMs'
  | 'probes'
  | 'repeats'
  | 'windowAnnounced'
>;

/**
 * What passes on one connection of a session: acknowledgements, probes, heartbeats, and
 * the verdict whether it lives. Begins anew with each connection.
 */
export class Conversation {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #acks: AckWriter;
  readonly #window: SessionWindow;
  readonly #desk: StatusDesk;
  readonly #roundTrip = new RoundTrip();
  readonly #transmitter: Transmitter;
  readonly #reader: AckReader;
  readonly #watch: AckWatch;
  #liveness: Liveness;
  /** Of the link only what is asked later: what the peer told at the opening is not kept. */
  #counts: FrameCounts | undefined;
  #isReliable = false;
  /** The probe that was not answered yet. */
  #probe: Probe | undefined;
  #nextNonce = 1;
  #probes = 0;
  /** To be said at the next flush: the newest probe of the peer stands for those before. */
  #toAnswer: ProbeAckFrame | undefined;
  #isClosing = false;

  constructor(
    context: SessionContext,
    outbox: Outbox,
    inbox: Inbox,
    acks: AckWriter,
    window: SessionWindow,
    desk: StatusDesk,
  ) {
    this.#context = context;
    this.#outbox = outbox;
    this.#inbox = inbox;
    this.#acks = acks;
    this.#window = window;
    this.#desk = desk;
    this.#transmitter = new Transmitter(context, outbox, this.#roundTrip);
    this.#reader = new AckReader(outbox, this.#transmitter);
    this.#watch = new AckWatch(this.#roundTrip, context.options.waitMs);
    this.#liveness = new Liveness(context.options.waitMs, context.options.heartbeatMs);
    inbox.answers = this.#reader;
  }

  get nextDeadlineMs(): number {
    const ackMs = this.#acks.isPending ? this.#acks.dueMs : Infinity;
    return Math.min(this.#liveness.deadAtMs, this.#liveness.pingAtMs, this.#watch.dueMs, ackMs);
  }

  /** Begins on a new connection. Returns what is wrong with the peer's facts, if anything is. */
  attach(link: Link, nowMs: number): WilcoError | undefined {
    const { announcement, ack, isReliable } = link;
    this.#counts = link.counts;
    this.#isReliable = isReliable;
    this.#probe = undefined;
    this.#toAnswer = undefined;
    this.#isClosing = false;
    this.#liveness.attached(announcement.waitMs, nowMs);
    this.#watch.attached(announcement.ackDelayMs, isReliable);
    this.#inbox.attached(isReliable, link.handsOverReads === true, nowMs);
    this.#reader.attached();
    this.#transmitter.peerMaxMessageBytes = announcement.maxMessageBytes;
    this.#outbox.expiry.peerHandlingMs =
      announcement.handlerTimeoutMs + announcement.handlerGraceMs + this.#context.options.waitMs;
    this.#roundTrip.reset();
    for (const channel of this.#outbox.channels) channel.attached();
    this.#transmitter.attached();
    const wrong = this.#reader.read(ack, nowMs);
    this.#outbox.recount();
    for (const { channel, partial } of ack.channels) {
      const sending = this.#outbox.channel(channel);
      if (sending !== undefined && partial !== undefined) {
        this.#transmitter.partHeld(sending, partial);
      }
    }
    if (wrong === undefined) this.#desk.attached(isReliable);
    // At a resume what is wanted back goes ahead of the messages.
    this.#outbox.newCancels = [...this.#outbox.cancelRequests];
    return wrong;
  }

  /** Others have talked on this connection until now. */
  goOn(
    liveness: Liveness,
    talk: {
      readonly probe: Probe | undefined;
      readonly nextNonce: number;
      readonly toAnswer: ProbeAckFrame | undefined;
    },
  ): void {
    this.#liveness = liveness;
    this.#probe = talk.probe;
    this.#nextNonce = talk.nextNonce;
    this.#toAnswer = talk.toAnswer;
  }

  /** What the peer says before the connection begins holds as well, but for its windows. */
  takeFacts(ack: AckFrame, nowMs: number): void {
    this.#reader.read(ack, nowMs);
  }

  heard(nowMs: number): void {
    this.#noticeSleep(nowMs);
    this.#liveness.heard(nowMs);
  }

  /** Takes a frame. Returns what is wrong with it, if anything is. */
  receive(frame: Frame, nowMs: number): WilcoError | undefined {
    switch (frame.kind) {
      case 'message':
      case 'answer':
        return this.#inbox.receiveMessage(frame, nowMs);
      case 'fragment':
        return this.#inbox.receiveFragment(frame, nowMs);
      case 'ack':
        return this.#receiveAck(frame, nowMs);
      case 'void':
        return this.#inbox.receiveVoid(frame, nowMs);
      case 'cancel':
        return this.#inbox.receiveCancel(frame, nowMs);
      case 'types':
        return this.#inbox.receiveTypes(frame);
      case 'probe':
        return this.#receiveProbe(frame);
      case 'probeAck':
        return this.#receiveProbeAck(frame, nowMs);
      case 'ping':
        return this.#checkCount(frame.written);
      case 'status':
        return this.#desk.questioned(frame, nowMs);
      case 'credentials':
        if (this.#context.setting.role === 'client') return this.#misplaced(frame);
        this.#context.sink.credentials(frame.credentials.slice());
        return undefined;
      case 'notice':
        this.#context.sink.noticed(frame);
        return undefined;
      case 'statusAck':
        this.#desk.answered(frame);
        return undefined;
      default:
        return this.#misplaced(frame);
    }
  }

  /** The end of a turn. */
  flush(nowMs: number, isInputDry: boolean, permitted: Permitted): void {
    const before = this.#counts?.framesWritten ?? 0;
    this.#desk.flushed();
    this.#isClosing = permitted !== 'all';
    this.#transmitter.permitted = permitted;
    if (this.#reader.takeMoved()) this.#moved(nowMs);
    if (permitted === 'all') this.#sendCancels();
    this.#acknowledge(nowMs, isInputDry);
    this.#transmitter.transmit(nowMs);
    if ((this.#counts?.framesWritten ?? 0) > before) this.#liveness.spoke(nowMs);
    this.#settle(nowMs);
  }

  /** What goes ahead of data: an ACK, what probes ask for, and the question whether a lower window is known. */
  #acknowledge(nowMs: number, isInputDry: boolean): void {
    const hasData = this.#transmitter.canTransmit;
    const answer = this.#toAnswer;
    const mustAnswer = answer !== undefined;
    const isAckDue = this.#acks.isDue(nowMs, isInputDry) || (hasData && this.#acks.isPending);
    const isLowered = this.#window.isToTell && !this.#isClosing;
    if (mustAnswer || isAckDue || isLowered) this.writeAck(mustAnswer, nowMs);
    if (answer !== undefined) this.#write(answer);
    this.#toAnswer = undefined;
    if (isLowered) this.#sendProbe(nowMs);
  }

  /** Writes an ACK: of what changed, or of everything. */
  writeAck(isFull: boolean, nowMs: number): void {
    this.#inbox.growWindows(nowMs);
    this.#window.tell();
    this.#write(this.#acks.write(this.#inbox.channels, this.#window, isFull, nowMs));
  }

  /** Writes a frame of the goodbye. */
  write(frame: Frame, nowMs: number): void {
    this.#write(frame);
    this.#liveness.spoke(nowMs);
  }

  /** What is due. Returns the verdict, if the connection is dead. */
  deadlineReached(nowMs: number): WilcoError | undefined {
    this.#noticeSleep(nowMs);
    if (this.#reader.takeMoved()) this.#moved(nowMs);
    const dead = this.#liveness.verdict(nowMs);
    if (dead !== undefined) return dead;
    if (this.#watch.dueMs <= nowMs) this.#ask(nowMs);
    if (this.#liveness.pingAtMs <= nowMs) this.#ping(nowMs);
    if (this.#acks.isPending && this.#acks.dueMs <= nowMs) this.#context.sink.requestFlush();
    this.#settle(nowMs);
    return undefined;
  }

  stats(): ConversationStats {
    const { messages, bytes } = this.#transmitter.window;
    return {
      roundTripMs: this.#roundTrip.smoothedMs,
      roundTripVariationMs: this.#roundTrip.variationMs,
      roundTripLeastMs: this.#roundTrip.leastMs,
      probes: this.#probes,
      repeats: this.#transmitter.repeats,
      windowAnnounced: { messages, bytes },
    };
  }

  #receiveAck(ack: AckFrame, nowMs: number): WilcoError | undefined {
    const wrong = this.#reader.read(ack, nowMs);
    if (wrong !== undefined) return wrong;
    this.#transmitter.takeSample(nowMs, ack.delayUs / 1_000);
    this.#context.sink.requestFlush();
    return undefined;
  }

  #receiveProbe(frame: ProbeFrame): WilcoError | undefined {
    const wrong = this.#checkCount(frame.written);
    if (wrong !== undefined) return wrong;
    const seen = (this.#counts?.framesSeen ?? 1) - 1;
    this.#toAnswer = { kind: 'probeAck', nonce: frame.nonce, seen };
    this.#context.sink.requestFlush();
    return undefined;
  }

  /** Tells a frame eaten on the way from a peer that is slow. */
  #receiveProbeAck(frame: ProbeAckFrame, nowMs: number): WilcoError | undefined {
    const probe = this.#probe;
    if (probe === undefined || probe.nonce !== frame.nonce) return undefined;
    this.#probe = undefined;
    this.#liveness.progressed();
    this.#roundTrip.sample(nowMs - probe.sentAtMs, 0);
    this.#window.confirmed(probe.told);
    this.#context.sink.requestFlush();
    if (!this.#isReliable) return undefined;
    return differs(frame.seen, probe.written, 'the peer saw', 'were written');
  }

  #checkCount(written: number): WilcoError | undefined {
    if (!this.#isReliable) return undefined;
    const seen = (this.#counts?.framesSeen ?? 1) - 1;
    return differs(seen, written, 'this side saw', 'the peer wrote');
  }

  #misplaced(frame: Frame): WilcoError | undefined {
    // Where frames come again, those of the opening may as well.
    if (!this.#isReliable) return undefined;
    return new WilcoError('WILCO_FRAME_UNEXPECTED', `a ${frame.kind} after the opening`);
  }

  #sendCancels(): void {
    if (this.#outbox.newCancels.length === 0) return;
    const requests = this.#outbox.newCancels;
    this.#outbox.newCancels = [];
    this.#transmitter.requestCancels(requests);
  }

  #moved(nowMs: number): void {
    this.#liveness.progressed();
    this.#watch.moved(nowMs);
  }

  /** No acknowledgement came in time: asks for one; where frames get lost, says it again. */
  #ask(nowMs: number): void {
    this.#watch.asked(nowMs);
    this.#probes += 1;
    if (!this.#isReliable) {
      if (!this.#isClosing) this.#transmitter.repeat(nowMs);
      this.#isToRepeatClose = true;
    }
    this.#sendProbe(nowMs);
  }

  /** The goodbye may have been lost: set when it should be said again. */
  #isToRepeatClose = false;

  /** Whether the goodbye should be said again; asked once. */
  takeRepeatClose(): boolean {
    const isToRepeat = this.#isToRepeatClose && this.#isClosing;
    this.#isToRepeatClose = false;
    return isToRepeat;
  }

  #sendProbe(nowMs: number): void {
    const written = this.#counts?.framesWritten ?? 0;
    const nonce = this.#nextNonce++;
    this.#probe = { nonce, sentAtMs: nowMs, written, told: this.#window.told };
    this.#write({ kind: 'probe', nonce, written });
    this.#liveness.spoke(nowMs);
    this.#context.sink.requestFlush();
  }

  #ping(nowMs: number): void {
    this.#write({ kind: 'ping', written: this.#counts?.framesWritten ?? 0 });
    this.#liveness.spoke(nowMs);
    this.#context.sink.requestFlush();
  }

  #noticeSleep(nowMs: number): void {
    if (this.#liveness.noticeSleep(nowMs)) this.#sendProbe(nowMs);
  }

  /** What is missed, and what waits, at the end of this step. */
  #settle(nowMs: number): void {
    const isMissing =
      this.#transmitter.hasUnreceived || this.#transmitter.isBlocked || this.#isClosing;
    const isUnhandled = this.#outbox.inFlightMessages > 0 || this.#outbox.cancelRequests.size > 0;
    const need = isMissing ? 'received' : isUnhandled ? 'handled' : 'none';
    this.#watch.needs(need, nowMs);
    // Where frames get lost a probe may be, and is not sent again once nothing is missed.
    if (need === 'none' && !this.#isReliable) this.#probe = undefined;
    this.#liveness.waits(isMissing || this.#probe !== undefined, nowMs);
    this.#liveness.expects(this.nextDeadlineMs);
  }

  #write(frame: Frame): void {
    this.#context.sink.transmit(frame);
  }
}

function differs(seen: number, written: number, who: string, what: string): WilcoError | undefined {
  if (seen === written) return undefined;
  const detail = `${who} ${String(seen)} frames, ${String(written)} ${what}`;
  return new WilcoError(seen < written ? 'WILCO_FRAME_LOST' : 'WILCO_FRAME_UNEXPECTED', detail);
}
