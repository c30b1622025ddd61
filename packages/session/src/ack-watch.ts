import { backedOffMs, type RoundTrip } from './round-trip.ts';

/** How urgently an acknowledgement is missed. */
export type Need = 'none' | 'handled' | 'received';

/**
 * The peer is asked at least so often, as a part of this side's own wait: it must have
 * several chances to show that it lives before the wait is over.
 */
const ASK_SHARE = 0.4;
/** How long a handler may work before the peer is asked first whether it still does. Milliseconds. */
const HANDLED_AFTER_MS = 10_000;

/**
 * When to ask for an acknowledgement that does not come: after the timeout of RFC 6298,
 * doubled each time until something moves. Asking never ends a connection by itself.
 */
export class AckWatch {
  readonly #roundTrip: RoundTrip;
  readonly #mostMs: number;
  #need: Need = 'none';
  #sinceMs = 0;
  #tries = 0;
  #ackDelayMs = 0;
  /** Where frames get lost, the word *handled* may have been: it is missed as soon as *received*. */
  #isReliable = true;

  /** @param waitMs - How long this side waits for progress. */
  constructor(roundTrip: RoundTrip, waitMs: number) {
    this.#roundTrip = roundTrip;
    this.#mostMs = waitMs * ASK_SHARE;
  }

  attached(peerAckDelayMs: number, isReliable: boolean): void {
    this.#ackDelayMs = peerAckDelayMs;
    this.#isReliable = isReliable;
    this.#need = 'none';
    this.#tries = 0;
  }

  /** When to ask; `Infinity` for never. */
  get dueMs(): number {
    if (this.#need === 'none') return Infinity;
    const timeoutMs = this.#roundTrip.timeoutMs(this.#ackDelayMs);
    if (this.#need === 'handled' && this.#isReliable) {
      return this.#sinceMs + backedOffMs(Math.max(timeoutMs, HANDLED_AFTER_MS), this.#tries);
    }
    return this.#sinceMs + Math.min(backedOffMs(timeoutMs, this.#tries), this.#mostMs);
  }

  /** What is missed at the end of this step. */
  needs(need: Need, nowMs: number): void {
    if (need === this.#need) return;
    if (this.#need === 'none' || need === 'received') {
      this.#sinceMs = nowMs;
      this.#tries = 0;
    }
    this.#need = need;
  }

  /** Something moved: the patience starts anew. */
  moved(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#tries = 0;
  }

  /** The peer was asked. */
  asked(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#tries += 1;
  }
}
