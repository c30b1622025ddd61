import type {
  ChannelNumber,
  IncomingRecord,
  OutgoingRecord,
  Position,
  ReceivingRecord,
  SendingRecord,
  Seq,
  SessionContents,
  SessionId,
  SessionRecord,
  StoreOperation,
} from '@wilco/protocol';

/**
 * What a store holds, in memory: commits go in, the contents of sessions come out.
 *
 * The records themselves are kept, not copies: whoever hands them over never changes
 * them again. Applying costs O(1) for each record put or dropped.
 */
export class StoreImage {
  readonly #sessions = new Map<SessionId, SessionImage>();

  /** How many records it holds, for limits and leak tests. */
  get size(): number {
    let size = 0;
    for (const image of this.#sessions.values()) size += image.size;
    return size;
  }

  /**
   * Applies one commit, whole.
   *
   * @throws TypeError when a record belongs to a session that has none of its own: it
   * could never be found again.
   */
  apply(operations: readonly StoreOperation[]): void {
    this.#assertKnown(operations);
    for (const operation of operations) this.#applyOne(operation);
  }

  /** Everything it holds: sessions in the order of their creation. */
  sessions(): SessionContents[] {
    return [...this.#sessions.values()].map((image) => image.contents());
  }

  /** An image of its own with the same records. */
  clone(): StoreImage {
    const copy = new StoreImage();
    for (const [id, image] of this.#sessions) copy.#sessions.set(id, image.clone());
    return copy;
  }

  #assertKnown(operations: readonly StoreOperation[]): void {
    const created = new Set<SessionId>();
    for (const operation of operations) {
      if (operation.type === 'putSession') created.add(operation.record.session);
    }
    for (const operation of operations) {
      if (operation.type === 'dropSession' || !('record' in operation)) continue;
      const { session } = operation.record;
      if (created.has(session) || this.#sessions.has(session)) continue;
      throw new TypeError(`${operation.type} for the session ${session}, which has no record`);
    }
  }

  #applyOne(operation: StoreOperation): void {
    if (operation.type === 'dropSession') {
      this.#sessions.delete(operation.session);
    } else if ('record' in operation) {
      this.#imageOf(operation.record.session).put(operation);
    } else {
      this.#sessions.get(operation.session)?.drop(operation);
    }
  }

  #imageOf(session: SessionId): SessionImage {
    let image = this.#sessions.get(session);
    if (image === undefined) {
      image = new SessionImage();
      this.#sessions.set(session, image);
    }
    return image;
  }
}

type PutOperation = Extract<StoreOperation, { readonly record: unknown }>;
type DropOperation = Extract<StoreOperation, { readonly type: 'dropOutgoing' | 'dropIncoming' }>;

/** The records of one session. */
class SessionImage {
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

  contents(): SessionContents {
    if (this.#session === undefined) throw new TypeError('a session without a record');
    return {
      session: this.#session,
      sending: [...this.#sending.values()].sort(byChannel),
      receiving: [...this.#receiving.values()].sort(byChannel),
      outgoing: ascending(this.#outgoing),
      incoming: ascending(this.#incoming),
    };
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

function ascending<Item extends { readonly channel: number; readonly seq: Seq }>(
  channels: ReadonlyMap<ChannelNumber, ReadonlyMap<Seq, Item>>,
): Item[] {
  const records = [...channels.values()].flatMap((items) => [...items.values()]);
  return records.sort((a, b) => a.channel - b.channel || a.seq - b.seq);
}

function byChannel(a: { readonly channel: number }, b: { readonly channel: number }): number {
  return a.channel - b.channel;
}
