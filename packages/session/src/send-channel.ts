import {
  ANSWER_CHANNEL,
  FIRST_SEQ,
  Progress,
  type ChannelNumber,
  type PartialAck,
  type Position,
  type Seq,
} from '@wilco/protocol';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { PagedPart } from './paged-part.ts';
import { SeqRing } from './seq-ring.ts';

/** What may be in flight in a channel that no ACK of the connection has named. */
const UNNAMED_MESSAGES = 64;
const UNNAMED_BYTES = 65_536;
/** In the channel of answers bytes are the limit. */
const ANSWER_MESSAGES = 65_536;

/**
 * The sending side of one channel: which messages it holds, how far they were written,
 * and how far the peer says they have come.
 *
 *     settled and received │ received, not settled │ written │ durable │ queued
 *     ─────────────────────┼───────────────────────┼─────────┼─────────┼───────▶ seq
 *                     ring.base                received   written    durable   next
 *
 * A long one keeps its head in memory, up to `ring.end`; what follows is the {@link PagedPart}.
 *
 * `cursor` is the next seq to put on the present connection; after a resume it starts
 * again at `received`.
 */
export class SendChannel {
  readonly number: ChannelNumber;
  readonly name: string;
  readonly weight: number;
  readonly isUrgent: boolean;
  /** Everything that is not both settled and received by the peer; of a long channel the head. */
  readonly ring: SeqRing<OutgoingMessage>;
  /** What is behind the head; `undefined` while all of it is in memory. */
  paged: PagedPart | undefined = undefined;
  /** Payload of the unsettled messages in the ring, where a store keeps them. Bytes. */
  residentBytes = 0;
  /** Messages of the application without a settled receipt, and their payload, where a store keeps them. */
  unsettled = 0;
  unsettledBytes = 0;
  /** None of them expires earlier. */
  firstExpiryMs = Infinity;
  /** None of them was queued earlier. */
  oldestQueuedMs = Infinity;
  /** Becomes durable with the next commit. */
  uncommitted: { position: Position } | undefined = undefined;
  /** The first seq that this run may assign, or one before it that did not meet the peer. */
  readonly firstOfRun: Seq;
  /** The peer has compared its memory with what this run says: what is assigned now is no news to the next. */
  hasMet = false;
  /** What is below was queued by an earlier run, be it in this session or one before it. */
  earlierBelow: Position;
  /** What is below may be transmitted: it is as durable as the store. */
  durable: Position;
  /** What is below was wholly written, on whichever connection of this session. */
  written: Position;
  /** Bytes of the message at `written` that were ever put on a connection. */
  writtenPart = 0;
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
  /** Where the peer, at the opening, wants a large message continued. */
  partAhead: PartialAck | undefined = undefined;
  windowMessages: number;
  windowBytes = UNNAMED_BYTES;
  inFlightMessages = 0;
  inFlightBytes = 0;
  /** For the turns: bytes that it may still send before the next channel. */
  turnCredit = 0;
  /** Something of it is to be kept. */
  isRecordDirty = false;
  /** Whether this connection knows the name of the channel. */
  isAnnounced = false;

  constructor(
    number: ChannelNumber,
    name: string,
    turn: { readonly weight: number; readonly isUrgent: boolean },
    next: Seq = FIRST_SEQ,
    reported: Position = FIRST_SEQ,
    base: Position = next,
    first: Seq = next,
  ) {
    this.number = number;
    this.name = name;
    this.weight = turn.weight;
    this.isUrgent = turn.isUrgent;
    this.ring = new SeqRing(base);
    this.firstOfRun = first;
    this.earlierBelow = next;
    this.durable = next;
    // Whatever carries a seq of an earlier run counts as perhaps written.
    this.written = next;
    this.received = reported;
    // What was let go of is settled; there is nothing to ask for below.
    this.handled = new Progress(base);
    this.cursor = reported;
    this.windowMessages = this.isAnswers ? ANSWER_MESSAGES : UNNAMED_MESSAGES;
  }

  get isAnswers(): boolean {
    return this.number === ANSWER_CHANNEL;
  }

  /** The next seq to assign. */
  get next(): Seq {
    return this.paged === undefined ? this.ring.end : this.paged.tail.end;
  }

  /** A message in memory, be it of the head or of the tail. */
  held(seq: Seq): OutgoingMessage | undefined {
    return seq < this.ring.end ? this.ring.get(seq) : this.paged?.tail.get(seq);
  }

  /** All messages in memory, ascending. */
  *inMemory(): Generator<OutgoingMessage> {
    yield* this.ring.items();
    if (this.paged !== undefined) yield* this.paged.tail.items();
  }

  /** Whether the peer holds messages, or a part of one, that are on disk only here. */
  get isBehind(): boolean {
    return this.paged !== undefined && this.ring.end <= this.received;
  }

  /** Whether the peer may hold, and so may handle, this message. */
  mayBeHandled(message: OutgoingMessage): boolean {
    return message.seq < this.written;
  }

  /** Whether anything waits to be put on this connection. */
  get hasPending(): boolean {
    return this.cursor < this.durable && this.cursor < this.ring.end;
  }

  /** Whether anything was put on this connection that the peer has not reported. */
  get hasUnreceived(): boolean {
    return this.cursor > this.received || this.partOffset > this.confirmedOffset;
  }

  /** When the oldest message was queued whose receipt is not settled; `undefined` for none. */
  oldestUnsettledMs(): number | undefined {
    for (const message of this.ring.items()) {
      if (message.state !== 'settled') return message.queuedAtMs;
    }
    return this.paged === undefined || this.unsettled === 0 ? undefined : this.oldestQueuedMs;
  }

  /** A new connection begins at what the peer holds, and knows nothing of the old one's windows. */
  attached(): void {
    this.moveTo(this.received);
    this.partAhead = undefined;
    this.windowMessages = this.isAnswers ? ANSWER_MESSAGES : UNNAMED_MESSAGES;
    this.windowBytes = UNNAMED_BYTES;
  }

  /** Everything below `position` is on this connection, or needs not be. */
  moveTo(position: Position): void {
    this.cursor = position;
    this.restartPart();
    if (position <= this.written) return;
    this.written = position;
    this.writtenPart = 0;
  }

  /** Nothing of the message at the cursor is on this connection, or counts any more. */
  restartPart(): void {
    this.partOffset = this.confirmedOffset = this.grantedOffset = 0;
  }

  /** Bytes of the message at the cursor are on this connection now, up to `offset`. */
  wrotePart(offset: number): void {
    this.partOffset = offset;
    if (this.cursor === this.written) this.writtenPart = Math.max(this.writtenPart, offset);
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
