import { WilcoError, type StoreOperation } from '@wilco/protocol';
import type { SessionSink } from './sink.ts';

/** What happens once something is kept; is told the time. */
type Effect = (nowMs: number) => void;

interface PendingCommit {
  readonly number: number;
  readonly sinceMs: number;
  readonly effects: readonly Effect[];
}

/** Of a journal that has nothing to keep; nothing is ever put into them. */
const NO_COMMITS: PendingCommit[] = [];
const NO_EFFECTS: Effect[] = [];

/**
 * Orders what must be kept, and what is to happen once it is kept.
 *
 * Without a store that keeps anything, effects happen at once and nothing is recorded.
 */
export class Journal {
  readonly isVolatile: boolean;
  readonly #sink: SessionSink;
  readonly #timeoutMs: number;
  #pending = NO_COMMITS;
  #effects = NO_EFFECTS;
  #isDirty = false;
  #nextNumber = 1;
  #isOver = false;
  #hasFailed = false;
  #waitedUntilMs = -Infinity;

  /** @param timeoutMs - How long a commit may take. */
  constructor(sink: SessionSink, isVolatile: boolean, timeoutMs: number) {
    this.#sink = sink;
    this.#timeoutMs = timeoutMs;
    this.isVolatile = isVolatile;
  }

  /** When the oldest commit that has not completed has taken too long; `Infinity` for none. */
  get deadlineMs(): number {
    const sinceMs = this.#pending[0]?.sinceMs ?? Infinity;
    return Math.max(sinceMs, this.#waitedUntilMs) + this.#timeoutMs;
  }

  /**
   * The store does not answer any more, if that is so.
   *
   * @param fullUntilMs - Until then it waited for room: its time begins anew.
   */
  verdict(nowMs: number, fullUntilMs: number): WilcoError | undefined {
    this.#waitedUntilMs = fullUntilMs;
    if (nowMs < this.deadlineMs) return undefined;
    const waited = `no commit completed within ${String(this.#timeoutMs)} ms`;
    return new WilcoError('WILCO_STORE_FAILED', waited);
  }

  /** Whether anything waits for the next commit. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** Part of the next commit. */
  persist(operation: StoreOperation): void {
    if (this.isVolatile || this.#isOver) return;
    this.#isDirty = true;
    this.#sink.persist(operation);
  }

  /** There is to be a commit, also where nothing waits for it. */
  want(): void {
    if (!this.isVolatile && !this.#isOver) this.#isDirty = true;
  }

  /** Runs `effect` when all that was persisted until now is kept: at once where nothing is. */
  afterwards(effect: Effect, nowMs = 0): void {
    if (this.isVolatile) {
      effect(nowMs);
      return;
    }
    if (this.#isOver) return;
    this.#isDirty = true;
    if (this.#effects === NO_EFFECTS) this.#effects = [];
    this.#effects.push(effect);
  }

  /** Orders the commit of what was persisted since the last one. */
  commit(nowMs: number): void {
    if (!this.#isDirty || this.#isOver) return;
    if (this.#effects.length === 0) {
      this.#isDirty = false;
      this.#sink.commitLater();
      return;
    }
    const number = this.#nextNumber++;
    if (this.#pending === NO_COMMITS) this.#pending = [];
    this.#pending.push({ number, sinceMs: nowMs, effects: this.#effects });
    this.#effects = NO_EFFECTS;
    this.#isDirty = false;
    this.#sink.commit(number);
  }

  /** Commits up to `number` hold: what waited for them happens, in order. */
  committed(number: number, nowMs: number): void {
    if (this.#isOver) return;
    while (this.#pending[0] !== undefined && this.#pending[0].number <= number) {
      const { effects } = this.#pending[0];
      this.#pending.shift();
      for (const effect of effects) effect(nowMs);
    }
  }

  /** Whether nothing more is kept. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the store broke: what it holds, a next run may find and send again. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The store broke. */
  fail(): void {
    this.#hasFailed = true;
    this.end();
  }

  /** Nothing more is kept, and nothing that waits for the store will ever happen. */
  end(): void {
    this.#isOver = true;
    this.#pending = NO_COMMITS;
    this.#effects = NO_EFFECTS;
    this.#isDirty = false;
  }
}
