import {
  ANSWER_CHANNEL,
  FIRST_SEQ,
  Progress,
  type AnswerFrame,
  type ChannelNumber,
  type MessageFrame,
  type Position,
  type Seq,
} from '@wilco/protocol';
import type { Assembly } from './assembly.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { MessageQueue } from './message-queue.ts';
import type { WindowGrant } from './window-grant.ts';

/** Of a channel in which nothing came too early, or was wanted back; nothing is ever put into them. */
const NO_FRAMES = new Map<Seq, never>();
const NO_SEQS = new Set<Seq>();
const NO_MESSAGES: IncomingMessage[] = [];

/**
 * The receiving side of one channel: what came, what of it is kept, and what was handled.
 *
 *     done │ answered, running │ waiting │ not kept yet │ expected
 *     ─────┼───────────────────┼─────────┼──────────────┼─────────▶ seq
 *                           toStart  received       accepted
 *
 * What it remembers is bounded by the window, however far the peer's VOIDs reach.
 */
export class ReceiveChannel {
  readonly number: ChannelNumber;
  readonly name: string;
  readonly window: WindowGrant;
  /** What no handler took yet, in order. */
  readonly waiting = new MessageQueue();
  /** The next seq expected from the peer: dedupe begins here. */
  accepted: Position;
  /** What is below is as durable as this side's worth: it may be reported. */
  received: Position;
  /** What was handled, kept or not. */
  readonly done: Progress;
  /** What was handled and is kept: it may be reported. */
  readonly handled: Progress;
  running = NO_MESSAGES;
  /** Those that wait for the end of another message under their id; made by the first. */
  attached = NO_MESSAGES;
  /** Those that are to be tried again later, and let others go first meanwhile. */
  aside = NO_MESSAGES;
  /** Handlers may start below it: the store knows that they may. Where it keeps nothing, nobody asks. */
  startedBelow: Position;
  /** The same, once the commits that are under way hold. */
  plannedBelow: Position;
  /** A handler was started just below it, or may have been before a restart. */
  startedTo: Position;
  /** How many handlers were started; and as of the last commit that holds. */
  starts = 0;
  startsKept = 0;
  /** The most that were started between two commits; it fades. */
  startsLately = 0;
  /** An unfinished large message. */
  assembly: Assembly | undefined = undefined;
  /** On a link that reorders: what came too early, as copies. */
  #early: Map<Seq, MessageFrame | AnswerFrame> = NO_FRAMES;
  #earlyBytes = 0;
  /** Seqs that the peer wanted back before they came. */
  #cancelledAhead = NO_SEQS;
  /** Messages that wait, run or are unfinished, and what they take of the window. */
  heldMessages = 0;
  heldBytes = 0;
  /** Something of it is to be acknowledged. */
  isDirty = false;
  /** Something of it is to be kept. */
  isRecordDirty = false;

  constructor(
    number: ChannelNumber,
    name: string,
    window: WindowGrant,
    position: Position = FIRST_SEQ,
    handled: Position = FIRST_SEQ,
    startedBelow: Position = FIRST_SEQ,
  ) {
    this.number = number;
    this.name = name;
    this.window = window;
    this.accepted = position;
    this.received = position;
    this.startedBelow = this.plannedBelow = this.startedTo = startedBelow;
    this.done = new Progress(handled);
    this.handled = new Progress(handled);
  }

  get isAnswers(): boolean {
    return this.number === ANSWER_CHANNEL;
  }

  /** Nothing of this seq or a later one has come: not as a part, and not too early. */
  get knownBelow(): Position {
    let below = Math.max(this.accepted, (this.assembly?.seq ?? 0) + 1);
    for (const seq of this.#early.keys()) below = Math.max(below, seq + 1);
    return below;
  }

  /** No handler took this seq or a later one, in this run or in one before. */
  get toStart(): Position {
    for (const { attempt, seq } of this.waiting) {
      if (attempt === 0 && seq >= this.startedTo) return seq;
    }
    return this.accepted;
  }

  /** The only or first part of a message takes its place in the window. */
  occupy(cost: number): void {
    this.heldMessages += 1;
    this.heldBytes += cost;
    this.window.came(cost);
  }

  /** Gives the place back. */
  vacate(cost: number): void {
    this.heldMessages -= 1;
    this.heldBytes -= cost;
  }

  /** Takes the next message, which has its place already: it waits for a handler. */
  hold(message: IncomingMessage): void {
    this.waiting.push(message);
    this.accepted = message.seq + 1;
  }

  /** Its handler is being started. */
  run(message: IncomingMessage): void {
    if (this.running === NO_MESSAGES) this.running = [];
    this.running.push(message);
  }

  /** A message runs no more, and waits again. */
  defer(message: IncomingMessage): void {
    removeFrom(this.running, message);
    message.state = 'waiting';
    this.waiting.insert(message);
  }

  /** A message lets the others go first. */
  putAside(message: IncomingMessage): void {
    this.waiting.remove(message);
    message.state = 'aside';
    if (this.aside === NO_MESSAGES) this.aside = [];
    this.aside.push(message);
  }

  /** It waits in its place again. */
  takeBack(message: IncomingMessage): void {
    removeFrom(this.aside, message);
    message.state = 'waiting';
    this.waiting.insert(message);
  }

  /** The peer sends nothing, or nothing more, for these seqs. Costs the same for one and for all. */
  skip(to: Position): void {
    this.done.add(this.accepted, to);
    this.accepted = to;
  }

  /** On a link that reorders: keeps a copy of what came too early, inside the window. */
  holdEarly(frame: MessageFrame | AnswerFrame): void {
    const { mostMessages, mostBytes } = this.window;
    const size = frame.payload.byteLength;
    if (frame.totalBytes !== undefined || this.#early.has(frame.seq)) return;
    if (frame.seq >= this.accepted + mostMessages || this.#earlyBytes + size > mostBytes) return;
    if (this.#early === NO_FRAMES) this.#early = new Map();
    this.#early.set(frame.seq, { ...frame, payload: frame.payload.slice() });
    this.#earlyBytes += size;
  }

  /** Takes out what came too early and is next now, if it did. */
  takeEarly(): MessageFrame | AnswerFrame | undefined {
    const frame = this.#early.get(this.accepted);
    if (frame !== undefined) this.#dropEarly(frame);
    return frame;
  }

  /** Forgets what came too early, below a position. */
  forgetEarly(below: Position): void {
    for (const frame of this.#early.values()) if (frame.seq < below) this.#dropEarly(frame);
  }

  /** The peer wants a message back that has not come. More than fit a window is no honest peer. */
  cancelAhead(seq: Seq): void {
    if (this.#cancelledAhead.size >= this.window.mostMessages) return;
    if (this.#cancelledAhead === NO_SEQS) this.#cancelledAhead = new Set();
    this.#cancelledAhead.add(seq);
  }

  /** Whether the peer wanted a message back before it came; asked once, when it comes. */
  takeCancelled(seq: Seq): boolean {
    return this.#cancelledAhead.size > 0 && this.#cancelledAhead.delete(seq);
  }

  /** Forgets what was to be cancelled and will not come. */
  forgetCancelled(below: Position): void {
    for (const seq of this.#cancelledAhead) if (seq < below) this.#cancelledAhead.delete(seq);
  }

  /** A message that no handler has finished. */
  held(seq: Seq): IncomingMessage | undefined {
    for (const message of this.running) if (message.seq === seq) return message;
    for (const message of this.waiting) if (message.seq === seq) return message;
    const hasSeq = (message: IncomingMessage): boolean => message.seq === seq;
    return this.attached.find(hasSeq) ?? this.aside.find(hasSeq);
  }

  /** A message that waited for a handler waits for another message instead. */
  attach(message: IncomingMessage): void {
    this.waiting.remove(message);
    message.state = 'attached';
    if (this.attached === NO_MESSAGES) this.attached = [];
    this.attached.push(message);
  }

  /** It waits for a handler again, in its place. */
  detach(message: IncomingMessage): void {
    removeFrom(this.attached, message);
    message.state = 'waiting';
    this.waiting.insert(message);
  }

  /** A message waits or runs no longer. */
  letGo(message: IncomingMessage): void {
    this.vacate(message.cost);
    if (message.state === 'waiting') this.waiting.remove(message);
    else removeFrom(message.state === 'aside' ? this.aside : this.running, message);
  }

  /** A message needs no place any more: its end was reported, or is the plain one. */
  finish(seq: Seq): void {
    this.done.add(seq);
  }

  #dropEarly(frame: MessageFrame | AnswerFrame): void {
    this.#early.delete(frame.seq);
    this.#earlyBytes -= frame.payload.byteLength;
  }
}

function removeFrom(messages: IncomingMessage[], message: IncomingMessage): void {
  const index = messages.indexOf(message);
  // Where handlers run one at a time it is the only one.
  if (index === messages.length - 1) messages.pop();
  else if (index !== -1) messages.splice(index, 1);
}
