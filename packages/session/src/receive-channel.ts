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
import { SeqRing } from './seq-ring.ts';
import type { WindowGrant } from './window-grant.ts';

/**
 * The receiving side of one channel: what came, what of it is kept, and what was handled.
 *
 *     handled │ answered, running, waiting │ not kept yet │ expected
 *     ────────┼────────────────────────────┼──────────────┼─────────▶ seq
 *         ring.base            toStart  received      accepted
 */
export class ReceiveChannel {
  readonly number: ChannelNumber;
  readonly name: string;
  readonly window: WindowGrant;
  /** What came and is not wholly done with. */
  readonly ring: SeqRing<IncomingMessage>;
  /** The next seq expected from the peer: dedupe begins here. */
  accepted: Position;
  /** What is below is as durable as this side's worth: it may be reported. */
  received: Position;
  /** What was handled, kept or not. */
  readonly done: Progress;
  /** What was handled and is kept: it may be reported. */
  readonly handled: Progress;
  /** The next seq to start a handler on. */
  toStart: Position;
  readonly running: IncomingMessage[] = [];
  /** An unfinished large message. */
  assembly: Assembly | undefined = undefined;
  /** On a link that reorders: what came too early, as copies. */
  readonly early = new Map<Seq, MessageFrame | AnswerFrame>();
  /** Seqs that the peer wanted back before they came. */
  readonly cancelledAhead = new Set<Seq>();
  /** Messages that wait or run, and what they take of the window. */
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
  ) {
    this.number = number;
    this.name = name;
    this.window = window;
    this.ring = new SeqRing(handled);
    this.accepted = position;
    this.received = position;
    this.toStart = handled;
    this.done = new Progress(handled);
    this.handled = new Progress(handled);
  }

  get isAnswers(): boolean {
    return this.number === ANSWER_CHANNEL;
  }

  /** Takes a message into the ring, at its place. */
  hold(message: IncomingMessage): void {
    this.ring.push(message);
    this.accepted = message.seq + 1;
    this.heldMessages += 1;
    this.heldBytes += message.cost;
    this.window.came(message.cost);
  }

  /** The peer sends nothing for these seqs. */
  skip(to: Position): void {
    while (this.ring.end < to) this.ring.push(undefined);
    this.done.add(this.accepted, to);
    this.accepted = to;
    this.ring.trim(this.done.position);
  }

  /** On a link that reorders: keeps a copy of what came too early, inside the window. */
  holdEarly(frame: MessageFrame | AnswerFrame): void {
    const { mostMessages } = this.window;
    if (frame.totalBytes !== undefined || this.early.size >= mostMessages) return;
    if (frame.seq >= this.accepted + mostMessages) return;
    this.early.set(frame.seq, { ...frame, payload: frame.payload.slice() });
  }

  /** A message waits or runs no longer. */
  letGo(message: IncomingMessage): void {
    this.heldMessages -= 1;
    this.heldBytes -= message.cost;
    const index = this.running.indexOf(message);
    if (index !== -1) this.running.splice(index, 1);
  }

  /** A message needs no place any more: its end was reported, or is the plain one. */
  finish(seq: Seq): void {
    this.ring.clear(seq);
    this.done.add(seq);
    this.ring.trim(this.done.position);
  }
}
