import { LIMITS } from '@wilco/protocol';
import type { WindowBudget } from '@wilco/session';

/** What the outbox of one session takes of the memory for outboxes: all of it, or a {@link fairShare}. */
export interface OutboxShare {
  /** The largest payload that it can ever have room for. Bytes. */
  readonly capacityBytes: number;
  /** Makes room for a payload, or says that there is none. */
  reserve(payloadBytes: number): boolean;
  /** Takes what a store held already, whatever there is. */
  adopt(messages: number, payloadBytes: number): void;
  /** Takes over what another share of the same memory holds. */
  inherit(from: OutboxShare): void;
  /** Gives back the room of one payload. */
  release(payloadBytes: number): void;
  /** Calls `retry` once, when something was given back. */
  whenReleased(retry: () => void): void;
  /** Forgets a waiting `retry`. */
  forget(retry: () => void): void;
}

/**
 * The share of a session among others. Besides its payload each message takes
 * `LIMITS.messageOverheadBytes`.
 *
 * No session may hold more than what is left for all others (dynamic thresholds: Choudhury
 * and Hahne, 1998): the first that nobody reads from takes a half, a second one leaves a
 * third, and there is always something left for who holds nothing.
 */
export function fairShare(total: WindowBudget): OutboxShare {
  return new FairShare(total);
}

/** Of the only session that there is: its own limits are enough. */
export function ownShare(capacityBytes: number): OutboxShare {
  return new OwnShare(capacityBytes);
}

class OwnShare implements OutboxShare {
  readonly capacityBytes: number;
  readonly #retries = new Set<() => void>();

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  reserve(): boolean {
    return true;
  }

  adopt(): void {}

  inherit(): void {}

  release(): void {
    if (this.#retries.size === 0) return;
    const retries = [...this.#retries];
    this.#retries.clear();
    for (const retry of retries) retry();
  }

  whenReleased(retry: () => void): void {
    this.#retries.add(retry);
  }

  forget(retry: () => void): void {
    this.#retries.delete(retry);
  }
}

class FairShare implements OutboxShare {
  readonly #total: WindowBudget;
  #heldBytes = 0;

  constructor(total: WindowBudget) {
    this.#total = total;
  }

  get capacityBytes(): number {
    return this.#total.capacityBytes - LIMITS.messageOverheadBytes;
  }

  reserve(payloadBytes: number): boolean {
    const bytes = payloadBytes + LIMITS.messageOverheadBytes;
    const isFair = this.#heldBytes === 0 || this.#heldBytes + bytes <= this.#total.freeBytes;
    if (!isFair || !this.#total.reserve(bytes)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  adopt(messages: number, payloadBytes: number): void {
    const bytes = payloadBytes + messages * LIMITS.messageOverheadBytes;
    this.#heldBytes += bytes;
    this.#total.take(bytes, 0);
  }

  inherit(from: OutboxShare): void {
    if (!(from instanceof FairShare)) return;
    this.#heldBytes += from.#heldBytes;
    from.#heldBytes = 0;
  }

  release(payloadBytes: number): void {
    const bytes = payloadBytes + LIMITS.messageOverheadBytes;
    this.#heldBytes -= bytes;
    this.#total.release(bytes);
  }

  whenReleased(retry: () => void): void {
    this.#total.whenReleased(retry);
  }

  forget(retry: () => void): void {
    this.#total.forget(retry);
  }
}
