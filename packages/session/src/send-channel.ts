import {
  ANSWER_CHANNEL,
  FIRST_SEQ,
  Progress,
  type ChannelNumber,
  type Position,
  type Seq,
} from '@wilco/protocol';
import type { OutgoingMessage } from './outgoing-message.ts';
import { SeqRing } from './seq-ring.ts';

/**
 * The sending side of one channel: which messages it holds, how far they were written,
 * and how far the peer says they have come.
 *
 *     settled and received │ received, not settled │ written │ durable │ queued
 *     ─────────────────────┼───────────────────────┼─────────┼─────────┼───────▶ seq
 *                     ring.base                received   written    durable   next
 *
 * `cursor` is the next seq to put on the present connection; after a resume it starts
 * again at `received`.
 */
export class SendChannel {
  readonly number: ChannelNumber;
  readonly name: string;
  readonly weight: number;
  readonly isUrgent: boolean;
  /** Everything that is not both settled and received by the peer. */
  readonly ring: SeqRing<OutgoingMessage>;
  /** The first seq that this run may assign. */
  readonly firstOfRun: Seq;
  /** What is below may be transmitted: it is as durable as the store. */
  durable: Position;
  /** What is below was wholly written, on whichever connection of this session. */
  written: Position;
  /** What is below is held by the peer. */
  received: Position;
  /** What the peer reported as handled. */
  readonly handled: Progress;
  /** The next seq to put on this connection. */
  cursor: Position;
  /** Bytes of the message at the cursor that this connection, or the peer, has already. */
  partOffset = 0;
  /** Bytes of the message at the cursor that the peer is known to have. */
  confirmedOffset = 0;
  /** Bytes of the message at the cursor that the peer lets go. */
  grantedOffset = 0;
  windowMessages = 0;
  windowBytes = 0;
  inFlightMessages = 0;
  inFlightBytes = 0;
  /** For the turns: bytes that it may still send before the next channel. */
  turnCredit = 0;
  /** Whether this connection knows the name of the channel. */
  isAnnounced = false;

  constructor(
    number: ChannelNumber,
    name: string,
    turn: { readonly weight: number; readonly isUrgent: boolean },
    next: Seq = FIRST_SEQ,
    reported: Position = FIRST_SEQ,
    base: Position = next,
  ) {
    this.number = number;
    this.name = name;
    this.weight = turn.weight;
    this.isUrgent = turn.isUrgent;
    this.ring = new SeqRing(base);
    this.firstOfRun = next;
    this.durable = next;
    // Whatever carries a seq of an earlier run counts as perhaps written.
    this.written = next;
    this.received = reported;
    this.handled = new Progress();
    this.cursor = reported;
  }

  get isAnswers(): boolean {
    return this.number === ANSWER_CHANNEL;
  }

  /** The next seq to assign. */
  get next(): Seq {
    return this.ring.end;
  }

  /** Whether the peer may hold, and so may handle, this message. */
  mayBeHandled(message: OutgoingMessage): boolean {
    return message.seq < this.written;
  }

  /** Whether anything waits to be put on this connection. */
  get hasPending(): boolean {
    return this.cursor < this.durable;
  }

  /** Whether anything was put on this connection that the peer has not reported. */
  get hasUnreceived(): boolean {
    return this.cursor > this.received || this.partOffset > this.confirmedOffset;
  }

  /** Takes a place in the window for a message, once. */
  occupy(message: OutgoingMessage, cost: number): void {
    if (message.isInFlight) return;
    message.isInFlight = true;
    message.cost = cost;
    this.inFlightMessages += 1;
    this.inFlightBytes += cost;
  }

  /** Gives the place back; returns whether there was one. */
  vacate(message: OutgoingMessage): boolean {
    if (!message.isInFlight) return false;
    message.isInFlight = false;
    this.inFlightMessages -= 1;
    this.inFlightBytes -= message.cost;
    return true;
  }

  /** Empties the place of a message that is settled and received; the base moves up. */
  release(seq: Seq): void {
    this.ring.clear(seq);
    if (seq === this.ring.base) this.ring.trim(this.received);
  }
}
