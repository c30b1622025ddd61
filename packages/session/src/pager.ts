import type { AckFrame, OutgoingRecord, Position, SendingRecord, Seq } from '@wilco/protocol';
import type { SessionContext } from './context.ts';
import type { Outbox } from './outbox.ts';
import { NO_BYTES, type OutgoingMessage } from './outgoing-message.ts';
import { restoredMessage, sendingRecord } from './outgoing-records.ts';
import { PagedPart, type PageRead } from './paged-part.ts';
import type { SendChannel } from './send-channel.ts';
import { HANDLED } from './settlement.ts';
import { NO_SHELF, type Shelf } from './shelf.ts';

/** More is read when the head is shorter than this part of what it may be. */
const LOW_PART = 0.5;

/**
 * Keeps an outbox bigger than memory, where there is a store: of a long channel only the head
 * is in memory, what the connection needs next, and the tail, until it is durable. What is
 * between waits on disk and is read when its turn comes, or when some of it is too old.
 */
export class Pager {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #shelf: Shelf;

  constructor(context: SessionContext, outbox: Outbox) {
    this.#context = context;
    this.#outbox = outbox;
    this.#shelf = context.setting.shelf ?? NO_SHELF;
  }

  /** When some message that is on disk only may be too old; `Infinity` for never. */
  get nextDeadlineMs(): number {
    let nextMs = Infinity;
    for (const { paged } of this.#outbox.channels) {
      if (paged !== undefined && paged.reading === undefined) {
        nextMs = Math.min(nextMs, paged.firstDueMs);
      }
    }
    return nextMs;
  }

  /** Whether the peer holds messages that are on disk only here: they are wanted before anything else. */
  get isBehind(): boolean {
    return this.#outbox.channels.some(({ isBehind }) => isBehind);
  }

  /** Whether that is so once the peer has said this. What was never written is not believed. */
  wouldBeBehind({ channels }: AckFrame): boolean {
    return channels.some(({ channel: number, received }) => {
      const channel = this.#outbox.channel(number);
      if (channel?.paged === undefined || received > channel.written) return false;
      return channel.ring.end <= received;
    });
  }

  /** Whether nothing of a channel is on disk only. */
  isWhole({ paged, ring }: SendChannel): boolean {
    return paged === undefined || paged.tail.base === ring.end;
  }

  /** Gives a new message its place: in the head while that has room, else in the tail. */
  place(channel: SendChannel, message: OutgoingMessage): Seq {
    channel.isRecordDirty = true;
    if (message.answer === undefined) this.#count(channel, message);
    if (channel.paged === undefined && (channel.isAnswers || this.#hasRoom(channel))) {
      channel.residentBytes += message.size;
      return channel.ring.push(message);
    }
    channel.paged ??= new PagedPart(channel.ring.end);
    return channel.paged.tail.push(message);
  }

  /** What was placed is durable after the next commit. */
  keep(channel: SendChannel, nowMs: number): void {
    if (channel.uncommitted !== undefined) {
      channel.uncommitted.position = channel.next;
      return;
    }
    const uncommitted = { position: channel.next };
    channel.uncommitted = uncommitted;
    this.#context.journal.afterwards(() => {
      this.#kept(channel, uncommitted.position);
    }, nowMs);
  }

  /** What is new of the channels' records since the last commit. */
  beforeCommit(): void {
    const { journal, setting } = this.#context;
    if (journal.isVolatile || !journal.isDirty) return;
    for (const channel of this.#outbox.channels) {
      if (!channel.isRecordDirty) continue;
      channel.isRecordDirty = false;
      channel.uncommitted = undefined;
      journal.persist({ type: 'putSending', record: sendingRecord(setting, channel) });
    }
  }

  /** As the disk will know, a message is settled, or goes to another session. */
  uncount(channel: SendChannel, message: OutgoingMessage): void {
    channel.isRecordDirty = true;
    channel.unsettled -= 1;
    channel.unsettledBytes -= message.size;
    if (message.seq < channel.ring.end) channel.residentBytes -= message.size;
    if (channel.unsettled === 0) channel.firstExpiryMs = channel.oldestQueuedMs = Infinity;
  }

  /** Somebody waits for what becomes of a message that is on disk only. */
  hold(channel: SendChannel, message: OutgoingMessage): void {
    this.#shelf.put(channel.number, message);
  }

  /** A message that is on disk only ends: nothing is kept in its place, which stands for a void. */
  drop(channel: SendChannel, message: OutgoingMessage): void {
    const { journal, setting } = this.#context;
    const { seq } = message;
    channel.paged?.ended.set(seq, message);
    const place = { session: setting.storeKey, channel: channel.number, from: seq, to: seq + 1 };
    journal.persist({ type: 'dropOutgoing', ...place });
  }

  /** A message that is on disk only has ended. */
  dropped(channel: SendChannel, message: OutgoingMessage): void {
    this.#shelf.take(channel.number, message.seq);
    // What is being read may not know of it yet.
    if (channel.paged?.reading === undefined) channel.paged?.ended.delete(message.seq);
    else channel.paged.ended.set(message.seq, message);
  }

  /** Asks for what the connection needs soon; without one only for what the peer holds already. */
  readAhead(isAttached: boolean): void {
    for (const channel of this.#outbox.channels) {
      const { paged, ring } = channel;
      if (paged === undefined || paged.reading !== undefined) continue;
      if (!channel.isBehind && !(isAttached && this.#hasRoom(channel, LOW_PART))) continue;
      if (ring.end === paged.tail.base) this.#takeTail(channel, paged);
      else this.#read(channel, paged, { purpose: 'head', from: ring.end, to: paged.tail.base });
    }
  }

  /** What was asked for: all of a channel from there, or the first part of it. */
  outgoingRead(number: number, records: readonly OutgoingRecord[], nowMs: number): void {
    const channel = this.#outbox.channel(number);
    const paged = channel?.paged;
    const read = paged?.reading;
    if (channel === undefined || paged === undefined || read === undefined) return;
    paged.reading = undefined;
    if (read.purpose === 'head') this.#load(channel, paged, read, records, nowMs);
    else this.#endOld(channel, paged, read, records, nowMs);
    for (const [seq, { state }] of paged.ended) if (state === 'settled') paged.ended.delete(seq);
    this.#context.sink.requestFlush();
  }

  /** Looks for what is too old. */
  deadlineReached(nowMs: number): void {
    for (const channel of this.#outbox.channels) {
      const { paged } = channel;
      if (paged === undefined || paged.reading !== undefined) continue;
      const block = paged.dueBlock(nowMs);
      if (block !== undefined) {
        this.#read(channel, paged, { purpose: 'due', from: block.from, to: block.to });
      }
    }
  }

  /** Puts back what a store held: the first records, and where the others are. */
  restore(
    channel: SendChannel,
    record: SendingRecord,
    messages: readonly OutgoingRecord[],
    nowMs: number,
  ): void {
    const { wallOffsetMs } = this.#context.setting;
    channel.unsettled = record.unsettled;
    channel.unsettledBytes = record.unsettledBytes;
    channel.firstExpiryMs = (record.firstExpiryWallMs ?? Infinity) - wallOffsetMs;
    channel.oldestQueuedMs = (record.oldestQueuedWallMs ?? Infinity) - wallOffsetMs;
    for (const one of messages) this.#put(channel, one, nowMs);
    const { ring } = channel;
    if (messages.length === 0 || ring.end === record.next) return;
    if (channel.isAnswers) {
      while (ring.end < record.next) ring.push(undefined);
      return;
    }
    channel.paged = new PagedPart(record.next);
    const { retentionMs, settleGraceMs } = this.#context.options;
    const firstMs = Math.min(channel.firstExpiryMs, channel.oldestQueuedMs + retentionMs);
    channel.paged.addUnread(ring.end, record.next, firstMs + settleGraceMs);
  }

  /**
   * Records of a channel whose session is over, the next that are on disk only: the messages
   * among them that are unsettled. Nobody finds them here any more.
   */
  surrender(
    channel: SendChannel,
    records: readonly OutgoingRecord[],
    nowMs: number,
  ): OutgoingMessage[] {
    const ended = channel.paged?.ended;
    return records
      .filter(({ voidReason, seq }) => voidReason === undefined && ended?.has(seq) !== true)
      .map((record) => this.#messageOf(channel, record, nowMs))
      .filter(({ voidReason }) => voidReason === undefined);
  }

  /** The unsettled messages of records that were on disk only, wherever they are by now. */
  messagesOf(
    channel: SendChannel,
    records: readonly OutgoingRecord[],
    nowMs: number,
  ): OutgoingMessage[] {
    const found: OutgoingMessage[] = [];
    for (const record of records) {
      const isOnDisk = record.seq >= channel.ring.end;
      if (isOnDisk && (record.voidReason ?? channel.paged?.ended.get(record.seq)) !== undefined) {
        continue;
      }
      const message = isOnDisk
        ? this.#messageOf(channel, record, nowMs)
        : channel.ring.get(record.seq);
      if (message === undefined || message.state === 'settled') continue;
      found.push(message);
      if (!isOnDisk) continue;
      message.isPaged = true;
      message.payload = NO_BYTES;
      this.#shelf.put(channel.number, message);
    }
    return found;
  }

  #count(channel: SendChannel, message: OutgoingMessage): void {
    channel.unsettled += 1;
    channel.unsettledBytes += message.size;
    channel.firstExpiryMs = Math.min(channel.firstExpiryMs, message.expiresAtMs);
    channel.oldestQueuedMs = Math.min(channel.oldestQueuedMs, message.queuedAtMs);
  }

  /** All below `position` is durable: what is behind the head needs no memory any more. */
  #kept(channel: SendChannel, position: Position): void {
    const { sink } = this.#context;
    for (let seq = channel.durable; seq < position; seq++) {
      const message = channel.held(seq);
      if (message === undefined || message.answer !== undefined) continue;
      if (message.state === 'queued') sink.queued(message);
    }
    channel.durable = Math.max(channel.durable, position);
    const { paged } = channel;
    while (paged !== undefined && paged.tail.base < position) this.#pageOut(channel, paged);
    sink.requestFlush();
  }

  #pageOut(channel: SendChannel, paged: PagedPart): void {
    const { tail } = paged;
    const seq = tail.base;
    const message = tail.get(seq);
    const isAlive = message !== undefined && message.state !== 'settled';
    paged.add(seq, isAlive ? this.#outbox.expiry.pagedDueMs(channel, message) : Infinity);
    tail.clear(seq);
    tail.trim(seq + 1);
    if (!isAlive) return;
    this.#outbox.expiry.forget(message);
    message.isPaged = true;
    message.payload = NO_BYTES;
    this.#shelf.put(channel.number, message);
  }

  #read(channel: SendChannel, paged: PagedPart, read: PageRead): void {
    paged.reading = read;
    this.#context.sink.readOutgoing({
      channel: channel.number,
      from: read.from,
      to: read.to,
      maxMessages: Math.ceil(this.#context.options.outboxHeadMessages / 4),
      maxBytes: Math.ceil(this.#context.options.outboxHeadBytes / 4),
    });
  }

  /** The head grows. A read that brings nothing says that there is nothing as far as it went. */
  #load(
    channel: SendChannel,
    paged: PagedPart,
    { to }: PageRead,
    records: readonly OutgoingRecord[],
    nowMs: number,
  ): void {
    const { ring } = channel;
    for (const record of records) this.#put(channel, record, nowMs);
    if (records.length === 0) while (ring.end < to) ring.push(undefined);
    ring.trim(channel.received);
    paged.takenUpTo(ring.end);
    if (ring.end === paged.tail.base) this.#takeTail(channel, paged);
  }

  /** Nothing is on disk only: the tail is the head's, as far as that has room. */
  #takeTail(channel: SendChannel, paged: PagedPart): void {
    const { tail } = paged;
    while (tail.base < tail.end && (channel.isBehind || this.#hasRoom(channel))) {
      const seq = tail.base;
      const message = tail.get(seq);
      channel.ring.push(message);
      if (message?.voidReason === undefined && message?.state !== 'settled') {
        channel.residentBytes += message?.size ?? 0;
      }
      tail.clear(seq);
      tail.trim(seq + 1);
    }
    if (tail.base === tail.end) channel.paged = undefined;
  }

  /** Puts the next record that there is at the end of the head. */
  #put(channel: SendChannel, record: OutgoingRecord, nowMs: number): void {
    const { ring } = channel;
    while (ring.end < record.seq) ring.push(undefined);
    const ended = channel.paged?.ended.get(record.seq);
    if (ended !== undefined) {
      this.#putEnded(channel, ended);
      return;
    }
    const message = this.#messageOf(channel, record, nowMs);
    ring.push(message);
    if (message.answer !== undefined) this.#outbox.unacknowledged.add(message);
    else if (message.state !== 'settled' && message.voidReason === undefined) {
      this.#live(channel, message, nowMs);
    }
  }

  /** What this side has ended meanwhile stays so; the wire says it when the disk knows it. */
  #putEnded(channel: SendChannel, message: OutgoingMessage): void {
    message.isPaged = false;
    channel.ring.push(message.state === 'settled' ? undefined : message);
  }

  #live(channel: SendChannel, message: OutgoingMessage, nowMs: number): void {
    channel.residentBytes += message.size;
    this.#outbox.admission.know(message.type);
    this.#outbox.expiry.watch(message, nowMs);
    if (message.state === 'received' && message.receipt !== undefined) {
      this.#context.sink.received(message);
    }
    if (channel.handled.has(message.seq)) this.#outbox.settle(message, HANDLED);
    else if (message.isCancelRequested) {
      message.isCancelRequested = false;
      this.#outbox.cancel(message);
    }
  }

  #messageOf(channel: SendChannel, record: OutgoingRecord, nowMs: number): OutgoingMessage {
    const known = this.#shelf.take(channel.number, record.seq);
    if (known === undefined) return restoredMessage(this.#context, record, channel, nowMs);
    known.isPaged = false;
    known.payload = record.payload;
    known.voidReason ??= record.voidReason;
    if (record.seq < channel.received) known.state = 'received';
    return known;
  }

  /** Ends what is too old among messages that are on disk only. */
  #endOld(
    channel: SendChannel,
    paged: PagedPart,
    { from, to }: PageRead,
    records: readonly OutgoingRecord[],
    nowMs: number,
  ): void {
    const { expiry } = this.#outbox;
    let nextDueMs = Infinity;
    for (const record of records) {
      if (record.voidReason !== undefined || paged.ended.has(record.seq)) continue;
      const message = this.#messageOf(channel, record, nowMs);
      message.isPaged = true;
      message.payload = NO_BYTES;
      const dueMs = expiry.pagedDueMs(channel, message);
      if (dueMs <= nowMs) {
        expiry.endPaged(channel, message);
        continue;
      }
      nextDueMs = Math.min(nextDueMs, dueMs);
      if (message.receipt !== undefined) this.#shelf.put(channel.number, message);
    }
    const last = records.at(-1);
    paged.looked(from, last === undefined ? to : last.seq + 1, nextDueMs);
  }

  /** What is ahead of the connection counts; and there is always something. */
  #hasRoom({ ring, cursor, residentBytes }: SendChannel, part = 1): boolean {
    const ahead = ring.end - Math.max(cursor, ring.base);
    const { outboxHeadMessages, outboxHeadBytes } = this.#context.options;
    if (ahead <= 0) return true;
    return ahead < outboxHeadMessages * part && residentBytes < outboxHeadBytes * part;
  }
}
