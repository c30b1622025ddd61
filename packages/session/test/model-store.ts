import type {
  IncomingRecord,
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

  apply(operations: readonly StoreOperation[]): void {
    for (const operation of operations) this.#apply(operation);
  }

  contents(role: 'client' | 'server', peerRunId: string): SessionContents {
    return {
      session: {
        session: '00',
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
      outgoing: ascending(this.#outgoing.values()),
      incoming: ascending(this.#incoming.values()),
    };
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
