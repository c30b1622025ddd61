import {
  ANSWER_CHANNEL,
  type ChannelNumber,
  type IncomingRecord,
  type OutgoingRange,
  type OutgoingRecord,
  type Position,
  type ReceivingRecord,
  type SendingRecord,
  type Seq,
  type SessionContents,
  type SessionRecord,
  type StoreOperation,
} from '@wilco/protocol';
import type { OutgoingHead } from './store.ts';

/** An operation that puts a record of a session. */
export type PutOperation = Extract<StoreOperation, { readonly record: unknown }>;
/** An operation that drops messages of a session. */
export type DropOperation = Extract<
  StoreOperation,
  { readonly type: 'dropOutgoing' | 'dropIncoming' }
>;

/** The records of one session, in memory. */
export class SessionImage {
  #session: SessionRecord | undefined;
  readonly #sending = new Map<ChannelNumber, SendingRecord>();
  readonly #receiving = new Map<ChannelNumber, ReceivingRecord>();
  readonly #outgoing = new Map<ChannelNumber, Map<Seq, OutgoingRecord>>();
  readonly #incoming = new Map<ChannelNumber, Map<Seq, IncomingRecord>>();

  get size(): number {
    let size = (this.#session === undefined ? 0 : 1) + this.#sending.size + this.#receiving.size;
    for (const records of this.#outgoing.values()) size += records.size;
    for (const records of this.#incoming.values()) size += records.size;
    return size;
  }

  put(operation: PutOperation): void {
    switch (operation.type) {
      case 'putSession':
        this.#session = operation.record;
        return;
      case 'putSending':
        this.#sending.set(operation.record.channel, operation.record);
        return;
      case 'putReceiving':
        this.#receiving.set(operation.record.channel, operation.record);
        return;
      case 'putOutgoing':
        recordsOf(this.#outgoing, operation.record.channel).set(
          operation.record.seq,
          operation.record,
        );
        return;
      case 'putIncoming':
        recordsOf(this.#incoming, operation.record.channel).set(
          operation.record.seq,
          operation.record,
        );
    }
  }

  drop(operation: DropOperation): void {
    if (operation.type === 'dropIncoming') {
      this.#incoming.get(operation.channel)?.delete(operation.seq);
      return;
    }
    const records = this.#outgoing.get(operation.channel);
    if (records !== undefined) dropRange(records, operation.from, operation.to);
  }

  contents(head: Required<OutgoingHead>): SessionContents {
    if (this.#session === undefined) throw new TypeError('a session without a record');
    return {
      session: this.#session,
      sending: [...this.#sending.values()].sort(byPlace),
      receiving: [...this.#receiving.values()].sort(byPlace),
      outgoing: [...this.#outgoing]
        .flatMap(([channel, records]) => {
          const all = [...records.values()].sort(byPlace);
          return channel === ANSWER_CHANNEL ? all : firstOf(all, head);
        })
        .sort(byPlace),
      incoming: [...this.#incoming.values()]
        .flatMap((records) => [...records.values()])
        .sort(byPlace),
    };
  }

  outgoing(range: OutgoingRange): OutgoingRecord[] {
    const { channel, from, to } = range;
    const found: OutgoingRecord[] = [];
    for (const record of this.#outgoing.get(channel)?.values() ?? []) {
      if (record.seq >= from && record.seq < to) found.push(record);
    }
    return firstOf(found.sort(byPlace), range);
  }

  clone(): SessionImage {
    const copy = new SessionImage();
    copy.#session = this.#session;
    for (const [channel, record] of this.#sending) copy.#sending.set(channel, record);
    for (const [channel, record] of this.#receiving) copy.#receiving.set(channel, record);
    for (const [channel, records] of this.#outgoing) copy.#outgoing.set(channel, new Map(records));
    for (const [channel, records] of this.#incoming) copy.#incoming.set(channel, new Map(records));
    return copy;
  }
}

function recordsOf<Item>(
  channels: Map<ChannelNumber, Map<Seq, Item>>,
  channel: ChannelNumber,
): Map<Seq, Item> {
  let records = channels.get(channel);
  if (records === undefined) {
    records = new Map();
    channels.set(channel, records);
  }
  return records;
}

/** Costs the smaller of the range and of what is there: a range may be wide and empty. */
function dropRange(records: Map<Seq, unknown>, from: Seq, to: Position): void {
  if (to - from <= records.size) {
    for (let seq = from; seq < to; seq++) records.delete(seq);
    return;
  }
  for (const seq of records.keys()) if (seq >= from && seq < to) records.delete(seq);
}

/** As many as fit, and one at least. */
function firstOf(
  records: readonly OutgoingRecord[],
  { maxMessages, maxBytes }: Required<OutgoingHead>,
): OutgoingRecord[] {
  const first: OutgoingRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    bytes += record.payload.byteLength;
    if (first.length > 0 && (first.length >= maxMessages || bytes > maxBytes)) break;
    first.push(record);
  }
  return first;
}

interface Place {
  readonly channel: ChannelNumber;
  readonly seq?: Seq;
}

function byPlace(a: Place, b: Place): number {
  return a.channel - b.channel || (a.seq ?? 0) - (b.seq ?? 0);
}
