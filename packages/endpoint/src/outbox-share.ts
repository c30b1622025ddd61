import { LIMITS } from '@wilco/protocol';
import type { WindowBudget } from '@wilco/session';

/** What the outbox of one session takes of the memory for outboxes: all of it, or a {@link fairShare}. */
export interface OutboxShare {
  /** The largest payload that it can ever have room for. Bytes. */
  readonly capacityBytes: number;
  /** Makes room for a payload, or says that there is none. */
  reserve(payloadBytes: number): boolean;
  /** Gives it back. */
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
  let heldBytes = 0;
  return {
    capacityBytes: total.capacityBytes - LIMITS.messageOverheadBytes,
    reserve(payloadBytes) {
      const bytes = payloadBytes + LIMITS.messageOverheadBytes;
      const isFair = heldBytes === 0 || heldBytes + bytes <= total.freeBytes;
      if (!isFair || !total.reserve(bytes)) return false;
      heldBytes += bytes;
      return true;
    },
    release(payloadBytes) {
      const bytes = payloadBytes + LIMITS.messageOverheadBytes;
      heldBytes -= bytes;
      total.release(bytes);
    },
    whenReleased: (retry) => total.whenReleased(retry),
    forget: (retry) => total.forget(retry),
  };
}
