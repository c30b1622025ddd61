import type {
  IncomingRecord,
  OutgoingRange,
  OutgoingRecord,
  ReceivingRecord,
  SendingRecord,
  SessionContents,
  StoreOperation,
} from '@wilco/protocol';

/** A disk in forty lines: commits go in, what a restart finds comes out. */
export class ModelStore {
  readonly #sending = new Map<number, SendingRecord>();
  readonly #receiving = new Map<number, ReceivingRecord>();
  readonly #outgoing = new Map<string, OutgoingRecord>();
  readonly #incoming = new Map<string, IncomingRecord>();
  /** What applications wrote with commits. */
  readonly effects: unknown[] = [];
  /** Of the tables beside the session, by table and key. */
  readonly entries = new Map<string, Uint8Array>();
  /** How many outgoing records of a channel a restart finds at once, but for answers. */
  headMessages = 1_024;

  apply(operations: readonly StoreOperation[]): void {
    for (const operation of operations) this.#apply(operation);
  }

  contents(role: 'client' | 'server', peerRunId: string, session = '00'): SessionContents {
    return {
      session: {
        session,
        role,
        peerRunId,
        serverId: undefined,
        token: undefined,
        tokenHashes: [],
        identity: undefined,
        attempt: undefined,
      },
      sending: [...this.#sending.values()].sort((a, b) => a.channel - b.channel),
      receiving: [...this.#receiving.values()].sort((a, b) => a.channel - b.channel),
      outgoing: this.#head(),
      incoming: ascending(this.#incoming.values()),
    };
  }

  /** The first records of a range. */
  read({
    channel,
    from,
    to,
    maxMessages,
    maxBytes,
  }: Omit<OutgoingRange, 'session'>): OutgoingRecord[] {
    const found: OutgoingRecord[] = [];
    let bytes = 0;
    for (const record of ascending(this.#outgoing.values())) {
      if (record.channel !== channel || record.seq < from || record.seq >= to) continue;
      bytes += record.payload.byteLength;
      if (found.length === maxMessages || (found.length > 0 && bytes > maxBytes)) break;
      found.push(record);
    }
    return found;
  }

  #head(): OutgoingRecord[] {
    const counts = new Map<number, number>();
    return ascending(this.#outgoing.values()).filter(({ channel }) => {
      const count = (counts.get(channel) ?? 0) + 1;
      counts.set(channel, count);
      return channel === 0 || count <= this.headMessages;
    });
  }

  #apply(operation: StoreOperation): void {
    switch (operation.type) {
      case 'putSending':
        this.#sending.set(operation.record.channel, operation.record);
        return;
      case 'putReceiving':
        this.#receiving.set(operation.record.channel, operation.record);
        return;
      case 'putOutgoing':
        this.#outgoing.set(key(operation.record), { ...operation.record });
        return;
      case 'putIncoming':
        this.#incoming.set(key(operation.record), { ...operation.record });
        return;
      case 'dropOutgoing':
        for (let seq = operation.from; seq < operation.to; seq++) {
          this.#outgoing.delete(key({ channel: operation.channel, seq }));
        }
        return;
      case 'dropIncoming':
        this.#incoming.delete(key(operation));
        return;
      case 'effect':
        this.effects.push(operation.effect);
        return;
      case 'putEntry':
        this.entries.set(`${operation.table} ${operation.key}`, operation.value);
        return;
      case 'dropEntry':
        this.entries.delete(`${operation.table} ${operation.key}`);
        return;
      default:
        throw new TypeError(`the engine does not order ${operation.type}`);
    }
  }
}

interface Place {
  readonly channel: number;
  readonly seq: number;
}

function key({ channel, seq }: Place): string {
  return `${String(channel)}/${String(seq)}`;
}

function ascending<Item extends Place>(items: Iterable<Item>): Item[] {
  return [...items].sort((a, b) => a.channel - b.channel || a.seq - b.seq);
}
