import {
  FIRST_SEQ,
  type AckFrame,
  type Announcement,
  type ChannelOffer,
  type Frame,
  type ProbeAckFrame,
  type RunId,
  type SessionId,
} from '@wilco/protocol';
import { firstAck } from './ack-writer.ts';
import type { FrameCounts, Link, Probe } from './conversation.ts';
import { Liveness } from './liveness.ts';
import { announcementOf, type Judgement, type OpeningFacts } from './opening-facts.ts';
import type { ResolvedSessionOptions, SessionSetting } from './options.ts';
import { isPlainAck, sharedAck, sharedAnnouncement } from './peer-facts.ts';
import { assemble, type SessionParts } from './session-parts.ts';
import type { SessionPhase } from './session-phases.ts';
import { NOTHING_PASSED, type ConnectionCounts, type EngineStats } from './session-stats.ts';
import { SessionWindow } from './session-window.ts';
import type { SessionSink } from './sink.ts';

/** Of a session that never sent anything. */
const NOTHING_SENT: readonly ChannelOffer[] = [0, 1].map((channel) => ({
  channel,
  first: FIRST_SEQ,
  reported: FIRST_SEQ,
}));

const NO_WINDOW = { messages: 0, bytes: 0 };

/**
 * What there is of a session through which nothing has passed yet: its window, its clocks, and
 * what the peer said at the opening. Thousands that are connected and idle cost no more than that.
 *
 * It says what follows from nothing having happened, and sends heartbeats. For all else
 * the parts of the engine are made by {@link awake}: they are told of the opening and go on.
 */
export class Untouched implements OpeningFacts {
  readonly #options: ResolvedSessionOptions;
  readonly #setting: SessionSetting;
  readonly #sink: SessionSink;
  readonly window: SessionWindow;
  readonly #liveness: Liveness;
  id: SessionId | undefined;
  /** Of the last ACK of this connection. */
  #ackNumber = 0;
  /** With the newest of what the peer's ACKs said. */
  #link: Link | undefined;
  /** Whether the peer knows of a lower window is asked. */
  #probe: Probe | undefined;
  #nextNonce = 1;
  #toAnswer: ProbeAckFrame | undefined;

  /** @throws {@link WilcoError} `WILCO_OVERLOADED` when the window budget has no room for it. */
  constructor(
    options: ResolvedSessionOptions,
    setting: SessionSetting,
    sink: SessionSink,
    nowMs: number,
  ) {
    this.#options = options;
    this.#setting = setting;
    this.#sink = sink;
    this.window = new SessionWindow(options, setting.budget, nowMs);
    this.window.sink = sink;
    this.#liveness = new Liveness(options.waitMs, options.heartbeatMs);
  }

  offers(): readonly ChannelOffer[] {
    return NOTHING_SENT;
  }

  announcement(): Announcement {
    return announcementOf(this.#options, this.#setting, this.window);
  }

  /** When {@link deadlineReached} is next due, on a connection. */
  get nextDeadlineMs(): number {
    return Math.min(this.#liveness.deadAtMs, this.#liveness.pingAtMs);
  }

  fullAck(): AckFrame {
    this.#ackNumber = 1;
    this.window.offered();
    return firstAck(this.#options, this.window, 1);
  }

  /** Nothing is held here that the peer could assign again. */
  judge(_peerRunId: RunId, offers: readonly ChannelOffer[]): Judgement {
    return offers.some(({ reported }) => reported > FIRST_SEQ) ? 'ownStateLost' : 'continues';
  }

  // What follows returns whether that was all; where it was not, nothing was done, and the parts have to.

  attach(link: Link, nowMs: number): boolean {
    const { ack, announcement, isReliable } = link;
    if (!isReliable || !isPlainAck(ack)) return false;
    // Most peers say the same: it is kept once.
    this.#link = {
      ...link,
      announcement: sharedAnnouncement(announcement),
      ack: sharedAck(ack),
    };
    this.window.attached(isReliable);
    this.#liveness.attached(announcement.waitMs, nowMs);
    return true;
  }

  heard(nowMs: number): boolean {
    if (this.#liveness.hasSlept(nowMs)) return false;
    this.#liveness.heard(nowMs);
    return true;
  }

  /** Takes what comes where nothing happens: heartbeats, windows that change, and whether that is known. */
  receive(frame: Frame): boolean {
    switch (frame.kind) {
      case 'ping':
        return this.#isComplete(frame.written);
      case 'probe':
        if (!this.#isComplete(frame.written)) return false;
        this.#toAnswer = { kind: 'probeAck', nonce: frame.nonce, seen: frame.written };
        this.#sink.requestFlush();
        return true;
      case 'ack':
        return this.#takeWindows(frame);
      case 'probeAck':
        return this.#answered(frame);
      default:
        return false;
    }
  }

  flush(nowMs: number): boolean {
    if (this.#link !== undefined) this.#speak(this.#link.counts, nowMs);
    return true;
  }

  deadlineReached(nowMs: number): boolean {
    if (this.#liveness.hasSlept(nowMs) || this.#liveness.deadAtMs <= nowMs) return false;
    if (this.#liveness.pingAtMs <= nowMs) {
      this.#write({ kind: 'ping', written: this.#link?.counts.framesWritten ?? 0 }, nowMs);
      this.#sink.requestFlush();
    }
    this.#settle(nowMs);
    return true;
  }

  stats(phase: SessionPhase, { opened, lost, resumes }: ConnectionCounts): EngineStats {
    const { messages, bytes } = this.window;
    return {
      ...NOTHING_PASSED,
      settled: { ...NOTHING_PASSED.settled },
      phase,
      connectionsOpened: opened,
      connectionsLost: lost,
      resumes,
      windowGranted: { messages, bytes },
      windowAnnounced: { ...(this.#link?.ack.window ?? NO_WINDOW) },
    };
  }

  /** Makes the parts, as they would be had they been there from the beginning. */
  awake(): SessionParts {
    const parts = assemble(this.#options, this.#setting, this.#sink, 0, undefined, this.window);
    const { acks, context, conversation, handling, inbox } = parts;
    context.id = this.id;
    if (this.#ackNumber > 0) acks.goOn(inbox.channels, this.#ackNumber);
    if (this.#link === undefined) return parts;
    handling.peerMaxMessageBytes = this.#link.announcement.maxMessageBytes;
    conversation.attach(this.#link, 0);
    conversation.goOn(this.#liveness, {
      probe: this.#probe,
      nextNonce: this.#nextNonce,
      toAnswer: this.#toAnswer,
    });
    return parts;
  }

  /** An ACK, what a probe asks for, and the question whether a lower window is known. */
  #speak(counts: FrameCounts, nowMs: number): void {
    const answer = this.#toAnswer;
    const isLowered = this.window.isToTell;
    if (answer !== undefined || isLowered) {
      this.window.tell();
      this.#ackNumber += 1;
      const ack = firstAck(this.#options, this.window, this.#ackNumber);
      this.#write(answer === undefined ? { ...ack, channels: [] } : ack, nowMs);
    }
    if (answer !== undefined) this.#write(answer, nowMs);
    this.#toAnswer = undefined;
    if (isLowered) {
      const [nonce, written] = [this.#nextNonce++, counts.framesWritten];
      this.#probe = { nonce, sentAtMs: nowMs, written, told: this.window.told };
      this.#write({ kind: 'probe', nonce, written }, nowMs);
    }
    this.#settle(nowMs);
  }

  /** Whether all frames have come that the peer wrote before the last one. */
  #isComplete(written: number): boolean {
    return this.#link?.counts.framesSeen === written + 1;
  }

  #takeWindows(ack: AckFrame): boolean {
    const link = this.#link;
    if (link === undefined || ack.number <= link.ack.number || !isPlainAck(ack)) return false;
    // What it omits it does not deny.
    const omitted = link.ack.channels.filter(
      ({ channel }) => !ack.channels.some((one) => one.channel === channel),
    );
    const channels = [...omitted, ...ack.channels];
    this.#link = { ...link, ack: sharedAck({ ...ack, channels }) };
    return true;
  }

  #answered({ nonce, seen }: ProbeAckFrame): boolean {
    const probe = this.#probe;
    if (probe?.nonce !== nonce) return true;
    if (probe.written !== seen) return false;
    this.#probe = undefined;
    this.#liveness.progressed();
    this.window.confirmed(probe.told);
    return true;
  }

  #write(frame: Frame, nowMs: number): void {
    this.#sink.transmit(frame);
    this.#liveness.spoke(nowMs);
  }

  #settle(nowMs: number): void {
    this.#liveness.waits(this.#probe !== undefined, nowMs);
    this.#liveness.expects(this.nextDeadlineMs);
  }
}
