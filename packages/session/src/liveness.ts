import { WilcoError } from '@wilco/protocol';

/** The peer must speak at least this often, as a part of the announced wait. */
const SPEAK_SHARE = 0.4;
/** Those who share a clock have their heartbeats together, up to such a part of the interval early: fewer wakings. */
const TOGETHER_SHARE = 0.01;
/** A deadline missed by more than this means that the process itself was asleep. Milliseconds. */
const SLEEP_MS = 1_000;

/**
 * Whether the connection lives, on two clocks: *silence*, since the last byte came in,
 * and *no progress*, since something began to wait for the peer and nothing moved.
 * What this side writes moves neither.
 */
export class Liveness {
  readonly #waitMs: number;
  readonly #heartbeatMs: number;
  #peerWaitMs = Infinity;
  #heardAtMs = 0;
  #spokeAtMs = 0;
  #waitingSinceMs = Infinity;
  /** When this side next expected to be woken; to notice its own sleep. */
  #expectedAtMs = Infinity;

  constructor(waitMs: number, heartbeatMs: number) {
    this.#waitMs = waitMs;
    this.#heartbeatMs = heartbeatMs;
  }

  /** A connection opened; the peer says how long it waits. */
  attached(peerWaitMs: number, nowMs: number): void {
    this.#peerWaitMs = peerWaitMs;
    this.#heardAtMs = nowMs;
    this.#spokeAtMs = nowMs;
    this.#waitingSinceMs = Infinity;
    this.#expectedAtMs = Infinity;
  }

  /** Bytes came in. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  /** Bytes went out. */
  spoke(nowMs: number): void {
    this.#spokeAtMs = nowMs;
  }

  /** An acknowledgement or a fragment position moved, or a probe was answered. */
  progressed(): void {
    this.#waitingSinceMs = Infinity;
  }

  /** Whether something waits for the peer at the end of this step. */
  waits(isWaiting: boolean, nowMs: number): void {
    if (!isWaiting) this.#waitingSinceMs = Infinity;
    else if (this.#waitingSinceMs === Infinity) this.#waitingSinceMs = nowMs;
  }

  /** When a PING is due, if nothing else is written until then. */
  get pingAtMs(): number {
    const intervalMs = Math.min(this.#heartbeatMs, this.#peerWaitMs * SPEAK_SHARE);
    const togetherMs = intervalMs * TOGETHER_SHARE;
    return Math.floor((this.#spokeAtMs + intervalMs) / togetherMs) * togetherMs;
  }

  /** When the connection is dead, if nothing comes until then. */
  get deadAtMs(): number {
    return Math.min(this.#heardAtMs, this.#waitingSinceMs) + this.#waitMs;
  }

  /** What the session will be woken for next. */
  expects(atMs: number): void {
    this.#expectedAtMs = atMs;
  }

  /** Whether this process slept through its deadline. */
  hasSlept(nowMs: number): boolean {
    return nowMs - this.#expectedAtMs >= Math.min(SLEEP_MS, this.#waitMs * SPEAK_SHARE);
  }

  /**
   * If this process slept through its deadline, both clocks give the peer one answer period
   * more: what it said meanwhile is still to be read. Returns whether it slept.
   */
  noticeSleep(nowMs: number): boolean {
    if (!this.hasSlept(nowMs)) return false;
    // The peer is asked in this very turn: later than that, the process slept again.
    this.#expectedAtMs = nowMs;
    const leastMs = nowMs - this.#waitMs * (1 - SPEAK_SHARE);
    this.#heardAtMs = Math.max(this.#heardAtMs, leastMs);
    if (this.#waitingSinceMs !== Infinity) {
      this.#waitingSinceMs = Math.max(this.#waitingSinceMs, leastMs);
    }
    return true;
  }

  /** The verdict: why the connection is dead, if it is. */
  verdict(nowMs: number): WilcoError | undefined {
    // Written as in `deadAtMs`: with a difference, rounding could make a due deadline never pass.
    if (this.#heardAtMs + this.#waitMs <= nowMs) {
      return new WilcoError('WILCO_PEER_SILENT', `no byte came in for ${String(this.#waitMs)} ms`);
    }
    if (this.#waitingSinceMs + this.#waitMs <= nowMs) {
      return new WilcoError('WILCO_NO_PROGRESS', `nothing moved for ${String(this.#waitMs)} ms`);
    }
    return undefined;
  }
}
