import type { Outcome } from '@wilco/protocol';
import type { PlannedOrder } from './order-plan.ts';

/** How a receipt under an id may end. */
export type OrderOutcome = Outcome<Uint8Array | undefined>;

/** One start of a handler on a message under an id. */
export interface OrderStart {
  readonly atMs: number;
  readonly host: string;
  /** Counts the processes of the host. */
  readonly run: number;
  readonly variant: number;
  /** Counts the starts under the id, from 1: its reply names it. */
  readonly number: number;
  ended: 'done' | 'replied' | 'rejected' | 'threw' | undefined;
  endedAtMs: number;
  /** It was told to stop, for it had taken too long. */
  isOverrun: boolean;
}

/** One message under an id, by the process that sent it. */
export interface OrderSend {
  readonly order: PlannedOrder;
  readonly run: number;
  readonly sentAtMs: number;
  isQueued: boolean;
  queuedAtMs: number;
  outcome: OrderOutcome | undefined;
  settledAtMs: number;
  /** The process that sent it has ended, and nobody waits for its receipt. */
  isOrphaned: boolean;
  /** In which process its kept receipt was released. */
  releasedIn: number | undefined;
}

/** All that one host sends under one of its ids. */
export interface OrderGroup {
  readonly from: string;
  readonly to: string;
  readonly id: number;
  readonly sends: OrderSend[];
  readonly starts: OrderStart[];
}

/** The simulator's own memory of what went under ids; written by applications only. */
export class OrderBook {
  readonly #groups = new Map<string, OrderGroup>();
  /** Receipts that somebody still waits for. */
  openCount = 0;

  /** All that was sent under one id, or is to be. */
  group(from: string, to: string, id: number): OrderGroup {
    const key = `${from} ${String(id)}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group = { from, to, id, sends: [], starts: [] };
    this.#groups.set(key, group);
    return group;
  }

  get groups(): Iterable<OrderGroup> {
    return this.#groups.values();
  }

  sent(order: PlannedOrder, run: number, atMs: number): OrderSend {
    const send: OrderSend = {
      order,
      run,
      sentAtMs: atMs,
      isQueued: false,
      queuedAtMs: Infinity,
      outcome: undefined,
      settledAtMs: Infinity,
      isOrphaned: false,
      releasedIn: undefined,
    };
    this.group(order.from, order.to, order.id).sends.push(send);
    this.openCount += 1;
    return send;
  }

  /** Nobody waits for this receipt any more, or it is there. */
  close(send: OrderSend): void {
    if (send.outcome === undefined && !send.isOrphaned) this.openCount -= 1;
  }

  /** A process of a host has ended: whoever waited in it does so no longer. */
  orphan(host: string): void {
    for (const { from, sends } of this.#groups.values()) {
      if (from !== host) continue;
      for (const send of sends) {
        this.close(send);
        send.isOrphaned = true;
      }
    }
  }

  /** Receipts that nobody has got. */
  unsettled(): OrderSend[] {
    return [...this.#groups.values()]
      .flatMap(({ sends }) => sends)
      .filter(({ outcome, isOrphaned }) => outcome === undefined && !isOrphaned);
  }
}
