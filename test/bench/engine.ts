/** What the engine's own steps cost, without sockets, by how many sessions there are. */
import type { AckFrame, Announcement, ChannelAck, Frame } from '@wilco/protocol';
import {
  resolveSessionOptions,
  Session,
  SuspectGate,
  WindowBudget,
  type FrameCounts,
  type Link,
  type SessionSetting,
  type SessionSink,
} from '@wilco/session';
import { median } from './median.ts';

/** Nanoseconds a step, each with all that it leads to in the engine. */
export interface EngineFigures {
  /** A deadline comes, and a heartbeat leaves. */
  readonly timerNanos: number;
  /** A message is sent, and settles when its peer acknowledges it. */
  readonly ackNanos: number;
  /** A connection is lost, and the session goes on in another. */
  readonly resumeNanos: number;
}

/** So many steps of each kind are timed, over the busy sessions in turn. */
const STEPS = 100_000;
/** The first ones are slower, until the compiler has done its work; the median leaves them out. */
const REPEATS = 9;
/** Nothing is refused for want of memory here. */
const BUDGET_BYTES = 2 ** 50;
const PAYLOAD = new Uint8Array(100);
const NO_WINDOW = { messages: 0, bytes: 0 };
/** A deadline may be early; how often before a heartbeat at most. */
const WOKEN_MAX = 10;
/** Between a message and its acknowledgement. */
const ROUND_TRIP_MS = 0.1;

/** Times the steps of some sessions while there are so many: medians. */
export function measureEngine(sessions: number, busy: number): EngineFigures {
  const bench = new EngineBench(sessions, busy);
  const acks: number[] = [];
  const resumes: number[] = [];
  const timers: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    acks.push(bench.acks());
    resumes.push(bench.resumes());
    timers.push(bench.timers());
  }
  return { ackNanos: median(acks), resumeNanos: median(resumes), timerNanos: median(timers) };
}

/** Sessions of a server, and a peer for each that says what it has to. */
class EngineBench {
  readonly #peers: EnginePeer[] = [];
  readonly #busy: readonly EnginePeer[];
  readonly #rounds: number;

  constructor(sessions: number, busy: number) {
    const budget = new WindowBudget(BUDGET_BYTES);
    const options = resolveSessionOptions({});
    const setting = settingOf(budget);
    for (let made = 0; made < sessions; made += 1) {
      this.#peers.push(new EnginePeer(options, setting));
    }
    // Spread over all, in whatever order something of the process keeps them.
    const every = Math.floor(sessions / busy);
    this.#busy = this.#peers.filter((_, index) => index % every === 0);
    this.#rounds = Math.ceil(STEPS / this.#busy.length);
  }

  acks(): number {
    return this.#time((peer) => peer.sendsOne());
  }

  resumes(): number {
    return this.#time((peer) => peer.resumes());
  }

  timers(): number {
    return this.#time((peer) => peer.beats());
  }

  /** CPU time of a step, in nanoseconds. */
  #time(step: (peer: EnginePeer) => void): number {
    const before = process.cpuUsage();
    for (let round = 0; round < this.#rounds; round += 1) {
      for (const peer of this.#busy) step(peer);
    }
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1_000) / (this.#rounds * this.#busy.length);
  }
}

/** A session, and the peer that it talks to. */
class EnginePeer implements SessionSink, FrameCounts {
  readonly framesSeen = 0;
  readonly #session: Session;
  readonly #announcement: Announcement;
  #nowMs = 0;
  #written = 0;
  #settled = 0;
  #acks = 0;
  #channel = 1;

  constructor(options: ReturnType<typeof resolveSessionOptions>, setting: SessionSetting) {
    this.#session = new Session(options, setting, this, 0);
    this.#session.name('bench');
    this.#announcement = this.#session.opening.announcement();
    this.#attach();
  }

  get framesWritten(): number {
    return this.#written;
  }

  /** A message is written, and its acknowledgement read. */
  sendsOne(): void {
    const settled = this.#settled;
    this.#session.submit(
      {
        type: 'bench',
        payload: PAYLOAD,
        channel: 'default',
        ttlMs: undefined,
        id: undefined,
        receipt: undefined,
      },
      this.#nowMs,
    );
    this.#session.flush(this.#nowMs, true);
    this.#nowMs += ROUND_TRIP_MS;
    this.#session.heard(this.#nowMs);
    this.#session.receive(this.#ack(settled + 1), this.#nowMs);
    this.#session.flush(this.#nowMs, true);
    if (this.#settled !== settled + 1) throw new Error('an acknowledged message did not settle');
  }

  /** The connection is lost, and the next one is there. */
  resumes(): void {
    this.#session.connectionLost(undefined, this.#nowMs);
    this.#session.opening.offers();
    this.#session.opening.announcement();
    this.#session.opening.fullAck(this.#nowMs);
    this.#attach();
  }

  /** Time passes from deadline to deadline until a heartbeat leaves; the peer speaks as well. */
  beats(): void {
    const written = this.#written;
    for (let woken = 0; this.#written === written; woken += 1) {
      if (woken > WOKEN_MAX) throw new Error('no heartbeat left');
      this.#nowMs = this.#session.nextDeadlineMs;
      this.#session.deadlineReached(this.#nowMs);
      this.#session.flush(this.#nowMs, true);
    }
    this.#session.heard(this.#nowMs);
  }

  transmit(frame: Frame): void {
    this.#written += 1;
    if (frame.kind === 'message') this.#channel = frame.channel;
  }

  settled(): void {
    this.#settled += 1;
  }

  dropConnection(error: Error): void {
    throw error;
  }

  finishConnection(): void {}
  requestFlush(): void {}
  persist(): void {}
  commit(): void {}
  commitLater(): void {}
  readOutgoing(): void {}
  deadLetter(): void {}
  queued(): void {}
  received(): void {}
  start(): void {}
  abort(): void {}
  drained(): void {}
  noticed(): void {}
  credentials(): void {}
  ended(): void {}

  #attach(): void {
    this.#acks = 0;
    const ack = this.#ack(this.#settled);
    const link: Link = {
      peerRunId: 'peer',
      announcement: this.#announcement,
      ack,
      isReliable: true,
      counts: this,
    };
    const judgement = this.#session.opening.judge('peer', []);
    if (judgement !== 'continues') throw new Error(`the session believes: ${judgement}`);
    this.#session.attach(link, this.#nowMs);
    this.#session.flush(this.#nowMs, true);
  }

  /** The peer holds and has handled so many. */
  #ack(settled: number): AckFrame {
    this.#acks += 1;
    const position = settled + 1;
    const window = { messages: 64, bytes: 65_536 };
    const answers: ChannelAck = channelAck(0, 1, NO_WINDOW);
    const channels = [answers, channelAck(this.#channel, position, window)];
    return { kind: 'ack', number: this.#acks, delayUs: 0, window, channels };
  }
}

function channelAck(channel: number, position: number, window: ChannelAck['window']): ChannelAck {
  return { channel, received: position, handled: position, ranges: [], window, partial: undefined };
}

function settingOf(budget: WindowBudget): SessionSetting {
  return {
    role: 'server',
    runId: 'server',
    storeKey: 'bench',
    worth: 'memory',
    isVolatile: true,
    hasIntegrity: false,
    wallOffsetMs: 0,
    budget,
    concurrencyOf: () => 1,
    channelOf: () => ({ weight: 1, isUrgent: false }),
    keepsPlace: () => true,
    suspects: new SuspectGate(),
  };
}
