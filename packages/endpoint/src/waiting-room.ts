import { WilcoError } from '@wilco/protocol';
import { cancelled, expired, type Settlement, type SubmitRequest } from '@wilco/session';
import type { Clock } from './clock.ts';
import type { KeptReceipts } from './kept-receipts.ts';
import type { MessageReceipt } from './receipt.ts';

/** A message that waits for room in the outbox. */
export interface WaitingMessage {
  readonly request: SubmitRequest;
  readonly receipt: MessageReceipt;
  /** When its time to live, or its retention, is over. */
  readonly expiresAtMs: number;
  /** How it ends then. */
  readonly overdue: Settlement;
}

interface Entry {
  readonly message: WaitingMessage;
  readonly cancelTimer: () => void;
}

/** How messages end whose time passes while they wait. */
export const OVERDUE = {
  expired: expired('WILCO_EXPIRED', 'its time to live passed before there was room for it'),
  retained: cancelled('WILCO_RETENTION_OVER', 'there was no room for it for too long'),
} as const;

/** Of a room that nobody ever waited in; nothing is ever put into it. */
const NO_ENTRIES = new Map<MessageReceipt, Entry>();

/** Messages that wait for room in the outbox, in the order in which they were sent. */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #kept: KeptReceipts | undefined;
  #entries = NO_ENTRIES;

  /** @param kept - Told of each one that ends here. */
  constructor(clock: Clock, capacity: number, kept?: KeptReceipts) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#kept = kept;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @throws {@link WilcoError} `WILCO_OUTBOX_FULL` when too many wait already. */
  add(message: WaitingMessage): void {
    if (this.#entries.size >= this.#capacity) {
      throw new WilcoError('WILCO_OUTBOX_FULL', `${this.#capacity} messages wait for room already`);
    }
    const cancelTimer = this.#clock.schedule(message.expiresAtMs, () =>
      this.settle(message.receipt, message.overdue),
    );
    if (this.#entries === NO_ENTRIES) this.#entries = new Map();
    this.#entries.set(message.receipt, { message, cancelTimer });
  }

  /** Ends the waiting of one message. Returns whether it waited. */
  settle(receipt: MessageReceipt, settlement: Settlement): boolean {
    if (!this.#remove(receipt)) return false;
    this.#kept?.neverPlaced(receipt.id, settlement);
    receipt.settle(settlement);
    return true;
  }

  /** Ends the waiting of all. */
  settleAll(settlement: Settlement): void {
    for (const receipt of [...this.#entries.keys()]) this.settle(receipt, settlement);
  }

  /** Lets them in, in order, until `enter` says that there is no room. */
  admit(enter: (message: WaitingMessage) => boolean): void {
    for (const [receipt, { message }] of this.#entries) {
      if (!enter(message)) return;
      this.#remove(receipt);
    }
  }

  #remove(receipt: MessageReceipt): boolean {
    this.#entries.get(receipt)?.cancelTimer();
    return this.#entries.delete(receipt);
  }
}
