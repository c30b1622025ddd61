import type { AckFrame, ChannelNumber, OutgoingRecord, Position, Seq } from '@wilco/protocol';
import { mayBeHandledAtEnd, unsettledOf, type Farewell } from './farewell.ts';
import type { Surrendered } from './outbox.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { SessionParts } from './session-parts.ts';
import type { Settlement } from './sink.ts';

/** What one channel of a session that is over has on disk only. */
export interface LeftOnDisk {
  readonly channel: ChannelNumber;
  readonly from: Seq;
  readonly to: Position;
}

/** The part of a session's outbox that is on disk only, as its driver deals with it. */
export class OutboxOnDisk {
  readonly #parts: SessionParts;
  readonly #farewell: Farewell | undefined;

  constructor(parts: SessionParts, farewell: Farewell | undefined) {
    this.#parts = parts;
    this.#farewell = farewell;
  }

  /**
   * Before a connection is attached: has the store know that the two sides have met, and asks for
   * what the peer holds and what is on disk only here, as it may be after a restart. Returns whether
   * that is kept, and all of it in memory; until then, nothing is attached.
   */
  prepare(ack: AckFrame, nowMs: number): boolean {
    const { outbox, conversation, meeting } = this.#parts;
    const isMet = meeting.keep();
    if (!outbox.pager.isBehind && !outbox.pager.wouldBeBehind(ack)) return isMet;
    conversation.takeFacts(ack, nowMs);
    outbox.pager.readAhead(false);
    return isMet && !outbox.pager.isBehind;
  }

  /** Records that were asked for: of the range, the first that there are. */
  read(channel: ChannelNumber, records: readonly OutgoingRecord[], nowMs: number): void {
    const { pager } = this.#parts.outbox;
    pager.outgoingRead(channel, records, nowMs);
    pager.readAhead(false);
  }

  /** The channels of the application, and where what is unsettled of them begins and ends. */
  channels(): { readonly number: ChannelNumber; readonly from: Seq; readonly to: Position }[] {
    return this.#parts.outbox.channels
      .filter(({ isAnswers }) => !isAnswers)
      .map(({ number, ring, next }) => ({ number, from: ring.base, to: next }));
  }

  /**
   * The unsettled messages from a seq on, as far as they are in memory, and which seq is next; or
   * up to where they are on disk only, and have to be read.
   */
  inMemory(
    number: ChannelNumber,
    from: Seq,
    to: Position,
  ): { messages: OutgoingMessage[]; next: Seq } | { until: Position } {
    const channel = this.#parts.outbox.channel(number);
    if (channel === undefined) return { messages: [], next: to };
    const { ring, paged } = channel;
    const tailBase = paged?.tail.base ?? ring.end;
    if (from >= ring.end && from < tailBase) return { until: Math.min(to, tailBase) };
    const next = from < ring.end ? Math.min(to, ring.end) : to;
    const messages: OutgoingMessage[] = [];
    for (let seq = from; seq < next; seq++) {
      const message = channel.held(seq);
      if (message !== undefined && message.state !== 'settled') messages.push(message);
    }
    return { messages, next };
  }

  /** The messages of records that were on disk only when they were read, and are unsettled still. */
  messagesOf(
    number: ChannelNumber,
    records: readonly OutgoingRecord[],
    nowMs: number,
  ): OutgoingMessage[] {
    const { outbox } = this.#parts;
    const channel = outbox.channel(number);
    return channel === undefined ? [] : outbox.pager.messagesOf(channel, records, nowMs);
  }

  /** Somebody waits for what becomes of a message that is on disk only. */
  hold(message: OutgoingMessage): void {
    const { outbox } = this.#parts;
    outbox.pager.hold(outbox.channelOf(message), message);
  }

  /** The unsettled messages that somebody may still ask about. */
  *asked(): Generator<OutgoingMessage> {
    const { outbox, context } = this.#parts;
    for (const channel of outbox.channels) {
      for (const message of channel.inMemory()) if (message.state !== 'settled') yield message;
    }
    yield* context.setting.shelf?.messages() ?? [];
  }

  /**
   * Another process has used what is kept here: it may have written any message that is in the
   * outbox, and others at the same places.
   */
  usedElsewhere(): void {
    const { outbox } = this.#parts;
    outbox.isUsedElsewhere = true;
    for (const channel of outbox.channels) channel.written = channel.next;
  }

  /** Whether ids that are made of places here may be those of other messages. */
  get isUsedElsewhere(): boolean {
    return this.#parts.outbox.isUsedElsewhere;
  }

  /** Gives up what a session that is over has in memory, up to the first that is on disk only. */
  surrenderMemory(): Surrendered[] {
    const surrendered = unsettledOf(this.#parts, this.#farewell);
    for (const { message } of surrendered) this.#parts.outbox.release(message);
    return surrendered;
  }

  /** Settles a surrendered message that goes to no other session. */
  settle(message: OutgoingMessage, settlement: Settlement): void {
    const { outbox, context } = this.#parts;
    message.state = 'settled';
    outbox.counts.settled[settlement.status] += 1;
    context.sink.settled(message, settlement);
  }

  /** What a session that is over has there, after it has surrendered the rest. */
  left(): LeftOnDisk[] {
    const { channels, pager } = this.#parts.outbox;
    return channels
      .filter((channel) => !pager.isWhole(channel))
      .map(({ number: channel, ring, paged }) => ({
        channel,
        from: ring.end,
        to: paged?.tail.base ?? ring.end,
      }));
  }

  /**
   * Gives up the messages of these records, the next of what is {@link left} in a channel; behind
   * the last of them also those that were on their way to the disk when the session ended.
   *
   * @param records - None: there are none up to the end of what was left.
   */
  surrender(left: LeftOnDisk, records: readonly OutgoingRecord[], nowMs: number): Surrendered[] {
    const { outbox, context } = this.#parts;
    const channel = outbox.channel(left.channel);
    if (channel === undefined) return [];
    const messages = outbox.pager.surrender(channel, records, nowMs);
    const position = (records.at(-1)?.seq ?? left.to - 1) + 1;
    channel.ring.skipTo(position);
    if (channel.paged !== undefined && position >= channel.paged.tail.base) {
      for (const message of channel.paged.tail.items()) {
        if (message.state !== 'settled') messages.push(message);
      }
    }
    return messages.map((message) => {
      const mayBeHandled = mayBeHandledAtEnd(context, this.#farewell, channel, message);
      outbox.release(message);
      return { message, mayBeHandled };
    });
  }

  /**
   * Gives up what can't be read of a channel: of the messages only those come out that somebody
   * may still ask about, and the number of the others.
   */
  abandon(left: LeftOnDisk): { readonly known: OutgoingMessage[]; readonly unknown: number } {
    const { outbox, context } = this.#parts;
    const channel = outbox.channel(left.channel);
    const known: OutgoingMessage[] = [];
    if (channel === undefined) return { known, unknown: 0 };
    const before = channel.unsettled;
    for (let { from: seq } = left; seq < left.to; seq++) {
      const message = context.setting.shelf?.take(left.channel, seq);
      if (message === undefined || message.voidReason !== undefined) continue;
      outbox.release(message);
      known.push(message);
    }
    channel.ring.skipTo(left.to);
    let rest = 0;
    for (const { state } of channel.inMemory()) if (state !== 'settled') rest += 1;
    const unknown = before - known.length - rest;
    outbox.unsettledCount -= unknown;
    return { known, unknown };
  }
}
