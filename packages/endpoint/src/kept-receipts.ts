import { messagePack } from '@wilco/codec';
import { WilcoError, type MessageId, type Outcome, type PayloadCodec } from '@wilco/protocol';
import { inDoubt, type Settlement, type SubmitRequest } from '@wilco/session';
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
  /** Messages under this id that have no place in the outbox yet: they are gone with the process. */
  waiting: number;
  /** Messages under this id in the outbox. */
  placed: number;
  /** Ends that are kept, and are told once that holds. */
  coming: Coming[];
  /** How the last one ended. */
  settlement: Settlement | undefined;
  settledAtWallMs: number | undefined;
}

interface Coming {
  readonly settlement: Settlement;
  readonly atWallMs: number;
}

/**
 * The ends of messages whose application wants to look at them in its own time, and after a
 * restart: kept until it has released them. With a store that keeps things, what is expected is
 * kept in the commit of its message, and its end in the commit that drops it.
 */
export class KeptReceipts {
  readonly #limit: number;
  readonly #store: StoreDriver;
  readonly #clock: Clock;
  readonly #entries = new Map<MessageId, Entry>();
  /** Released before the store had told what there is; `undefined` from then on. */
  #releasedEarly: Set<MessageId> | undefined = new Set();

  constructor(limit: number, store: StoreDriver, clock: Clock) {
    this.#limit = limit;
    this.#store = store;
    this.#clock = clock;
    if (store.isVolatile) this.#releasedEarly = undefined;
  }

  /** Whether there are none, so that nobody needs to make the id of a message. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /**
   * Puts back what the store held. Rejects with `WILCO_STORE_FAILED`.
   *
   * @param isDamaged - Something in the store is not as it was left: messages may be gone.
   */
  async restore(isDamaged: boolean): Promise<void> {
    const released = this.#releasedEarly;
    for (const { key, value } of await this.#store.entriesOf('receipts')) {
      if (released?.has(key) === true) this.#forget(key);
      else this.#putBack(decoded(key, value));
    }
    this.#releasedEarly = undefined;
    if (isDamaged) this.doubt(DAMAGED);
  }

  /**
   * A message is about to be sent whose end is to be kept.
   *
   * @throws {@link WilcoError} `WILCO_RECEIPTS_FULL` when too many are kept already.
   */
  expect(id: MessageId, type: string): void {
    const known = this.#entries.get(id);
    if (known !== undefined) {
      known.waiting += 1;
      return;
    }
    if (this.#entries.size >= this.#limit) {
      throw new WilcoError('WILCO_RECEIPTS_FULL', `${this.#limit} receipts are kept already`);
    }
    this.#entries.set(id, { id, type, waiting: 1, placed: 0, coming: [], ...UNSETTLED });
  }

  /** The message was not taken. */
  unexpect(id: MessageId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.waiting -= 1;
    if (entry.waiting + entry.placed === 0 && entry.settlement === undefined) {
      this.#entries.delete(id);
    }
  }

  /** The message has its place in the outbox: part of the commit that keeps it. */
  placed(id: MessageId | undefined): void {
    const entry = id === undefined ? undefined : this.#entries.get(id);
    if (entry === undefined || entry.waiting === 0) return;
    entry.waiting -= 1;
    entry.placed += 1;
    this.#keep(entry);
  }

  /**
   * A message in the outbox is to end so: part of the commit in which its record goes. Nobody is
   * told before that holds.
   */
  ending(id: MessageId, settlement: Settlement): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.placed <= entry.coming.length) return;
    entry.coming.push({ settlement, atWallMs: this.#clock.wallMs() });
    this.#keep(entry);
  }

  /** A message in the outbox has ended: part of the commit in which its record goes, unless that holds already. */
  settled(id: MessageId, settlement: Settlement): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.placed === 0) return;
    entry.placed -= 1;
    const coming = entry.coming.find((one) => one.settlement === settlement);
    if (coming === undefined) {
      this.#end(entry, settlement);
      return;
    }
    entry.coming = entry.coming.filter((one) => one !== coming);
    Object.assign(entry, { settlement, settledAtWallMs: coming.atWallMs });
  }

  /** A message has ended that never had a place in the outbox. */
  neverPlaced(id: MessageId | undefined, settlement: Settlement): void {
    const entry = id === undefined ? undefined : this.#entries.get(id);
    if (entry === undefined || entry.waiting === 0) return;
    entry.waiting -= 1;
    this.#end(entry, settlement);
    if (this.#releasedEarly === undefined) this.#store.commitLater();
  }

  /**
   * Some messages can't be read any more, and nobody knows which: what becomes of those whose end
   * is to come. Where one is there after all, its true end takes the place of this one.
   */
  doubt(settlement: Settlement): void {
    for (const entry of this.#entries.values()) {
      if (entry.placed > 0 && entry.settlement === undefined) this.#end(entry, settlement);
    }
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

  /** Forgets the end of a message, also one that has not come. `false`: none is known. */
  release(id: MessageId): boolean {
    if (this.#releasedEarly !== undefined) {
      this.#releasedEarly.add(id);
      return this.#entries.delete(id);
    }
    if (!this.#entries.has(id)) return false;
    this.#forget(id);
    this.#store.commit(() => {});
    return true;
  }

  /** Messages may have been sent before the store was open. */
  #putBack(old: Entry): void {
    const entry = this.#entries.get(old.id);
    if (entry === undefined) this.#entries.set(old.id, old);
    else {
      entry.placed += old.placed;
      if (entry.settlement === undefined) Object.assign(entry, endOf(old));
    }
  }

  #end(entry: Entry, settlement: Settlement): void {
    entry.settlement = settlement;
    entry.settledAtWallMs = this.#clock.wallMs();
    this.#keep(entry);
  }

  #keep(entry: Entry): void {
    const { id: key } = entry;
    this.#store.persist({ type: 'putEntry', table: 'receipts', key, value: encoded(entry) });
  }

  #forget(key: MessageId): void {
    this.#entries.delete(key);
    this.#store.persist({ type: 'dropEntry', table: 'receipts', key });
  }
}

const UNSETTLED = { settlement: undefined, settledAtWallMs: undefined } as const;

const DAMAGED = inDoubt('WILCO_STORE_DAMAGED', 'the store is damaged, and it may have been there');

function endOf({
  settlement,
  settledAtWallMs,
}: Entry): Pick<Entry, 'settlement' | 'settledAtWallMs'> {
  return { settlement, settledAtWallMs };
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

function encoded(entry: Entry): Uint8Array {
  const { type, coming } = entry;
  const placed = entry.placed - coming.length;
  const { settlement, atWallMs: settledAtWallMs } = coming.at(-1) ?? {
    settlement: entry.settlement,
    atWallMs: entry.settledAtWallMs,
  };
  const end = settlement && [
    ...[settlement.status, settlement.code, settlement.reason, settlement.hasRun],
    ...[settlement.isRetryable, settlement.isReplyLost, settlement.payload],
  ];
  return ENCODING.encode([type, placed, end, settledAtWallMs]);
}

function decoded(id: MessageId, value: Uint8Array): Entry {
  const [type, placed, end, settledAtWallMs] = ENCODING.decode(value) as [
    string,
    number,
    (
      | [Settlement['status'], string, string, boolean, boolean, boolean, Uint8Array | undefined]
      | undefined
    ),
    number | undefined,
  ];
  const settlement = end && settlementOf(end);
  return { id, type, waiting: 0, placed, coming: [], settlement, settledAtWallMs };
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
