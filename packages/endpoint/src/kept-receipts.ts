import { messagePack } from '@wilco/codec';
import { WilcoError, type MessageId, type Outcome, type PayloadCodec } from '@wilco/protocol';
import type { Settlement, SubmitRequest } from '@wilco/session';
import type { Clock } from './clock.ts';
import { outcomeOf } from './outcomes.ts';
import type { StoreDriver } from './store-driver.ts';

const ENCODING = messagePack();

/** The receipt of a message that was sent with `keepReceipt`, until it is released. */
export interface KeptReceipt<Reply = unknown> {
  readonly id: MessageId;
  /** Name of the message type. */
  readonly type: string;
  /** How the message ended; `undefined` until it has. */
  readonly outcome: Outcome<Reply> | undefined;
  /** When it ended, by the clock of this machine; `undefined` until it has. */
  readonly settledAt: Date | undefined;
}

interface Entry {
  readonly id: MessageId;
  readonly type: string;
  /** Of how many messages under this id the end is still to come. */
  pending: number;
  settlement: Settlement | undefined;
  settledAtWallMs: number | undefined;
}

/**
 * The ends of messages whose application wants to look at them in its own time, and after a
 * restart: kept until it has released them. With a store that keeps things, an end is kept in
 * the commit that drops its message.
 */
export class KeptReceipts {
  readonly #limit: number;
  readonly #store: StoreDriver;
  readonly #clock: Clock;
  readonly #entries = new Map<MessageId, Entry>();

  constructor(limit: number, store: StoreDriver, clock: Clock) {
    this.#limit = limit;
    this.#store = store;
    this.#clock = clock;
  }

  /** Puts back what the store held. Rejects with `WILCO_STORE_FAILED`. */
  async restore(): Promise<void> {
    for (const { key, value } of await this.#store.entriesOf('receipts')) {
      this.#entries.set(key, decoded(key, value));
    }
  }

  /**
   * A message is about to be sent whose end is to be kept.
   *
   * @throws {@link WilcoError} `WILCO_RECEIPTS_FULL` when too many are kept already.
   */
  expect(id: MessageId, type: string): void {
    const known = this.#entries.get(id);
    if (known === undefined && this.#entries.size >= this.#limit) {
      throw new WilcoError('WILCO_RECEIPTS_FULL', `${this.#limit} receipts are kept already`);
    }
    const entry = known ?? {
      id,
      type,
      pending: 0,
      settlement: undefined,
      settledAtWallMs: undefined,
    };
    entry.pending += 1;
    this.#entries.set(id, entry);
    this.#keep(entry);
  }

  /** The message was not taken. */
  unexpect(id: MessageId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.pending -= 1;
    if (entry.pending > 0 || entry.settlement !== undefined) this.#keep(entry);
    else this.#drop(id);
  }

  /** A message has ended: part of the commit in which its record goes. */
  settled(id: MessageId | undefined, settlement: Settlement): void {
    const entry = id === undefined ? undefined : this.#entries.get(id);
    if (entry === undefined || entry.pending === 0) return;
    entry.pending -= 1;
    entry.settlement = settlement;
    entry.settledAtWallMs = this.#clock.wallMs();
    this.#keep(entry);
  }

  /** All of them, in the order of their first sending. */
  all(): KeptReceipt[] {
    return [...this.#entries.values()].map((entry) => shown(entry, ENCODING));
  }

  /** The one under this id, with its reply as `codec` reads it. */
  find<Reply>(id: MessageId, codec: PayloadCodec<Reply>): KeptReceipt<Reply> | undefined {
    const entry = this.#entries.get(id);
    return entry && shown(entry, codec);
  }

  /** Forgets the end of a message, also one that has not come. `false`: there is none. */
  release(id: MessageId): boolean {
    if (!this.#entries.has(id)) return false;
    this.#drop(id);
    this.#store.commit(() => {});
    return true;
  }

  #keep(entry: Entry): void {
    const { id: key } = entry;
    this.#store.persist({ type: 'putEntry', table: 'receipts', key, value: encoded(entry) });
  }

  #drop(key: MessageId): void {
    this.#entries.delete(key);
    this.#store.persist({ type: 'dropEntry', table: 'receipts', key });
  }
}

/**
 * Sends a message whose end is to be kept.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID` without an id, or where nothing is kept;
 *   `WILCO_RECEIPTS_FULL`; and what `send` throws, and then nothing is expected.
 */
export function keepEnd(
  kept: KeptReceipts | undefined,
  { id, type }: Pick<SubmitRequest, 'id' | 'type'>,
  send: () => void,
): void {
  if (id === undefined || kept === undefined) {
    const detail = id === undefined ? 'keepReceipt goes with an id' : 'keepReceipt is of a client';
    throw new WilcoError('WILCO_OPTION_INVALID', detail);
  }
  kept.expect(id, type);
  try {
    send();
  } catch (error) {
    kept.unexpect(id);
    throw error;
  }
}

function shown<Reply>(entry: Entry, codec: PayloadCodec<Reply>): KeptReceipt<Reply> {
  const { id, type, settlement, settledAtWallMs } = entry;
  return {
    id,
    type,
    outcome: settlement && outcomeOf(settlement, codec),
    settledAt: settledAtWallMs === undefined ? undefined : new Date(settledAtWallMs),
  };
}

function encoded({ type, pending, settlement, settledAtWallMs }: Entry): Uint8Array {
  const end = settlement && [
    ...[settlement.status, settlement.code, settlement.reason, settlement.hasRun],
    ...[settlement.isRetryable, settlement.isReplyLost, settlement.payload],
  ];
  return ENCODING.encode([type, pending, end, settledAtWallMs]);
}

function decoded(id: MessageId, value: Uint8Array): Entry {
  const [type, pending, end, settledAtWallMs] = ENCODING.decode(value) as [
    string,
    number,
    (
      | [Settlement['status'], string, string, boolean, boolean, boolean, Uint8Array | undefined]
      | undefined
    ),
    number | undefined,
  ];
  return { id, type, pending, settlement: end && settlementOf(end), settledAtWallMs };
}

function settlementOf([status, code, reason, hasRun, isRetryable, isReplyLost, payload]: [
  Settlement['status'],
  string,
  string,
  boolean,
  boolean,
  boolean,
  Uint8Array | undefined,
]): Settlement {
  return { status, code, reason, hasRun, isRetryable, isReplyLost, payload };
}
