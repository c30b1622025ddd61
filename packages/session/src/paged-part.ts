import type { OutgoingRange, Position, Seq } from '@wilco/protocol';
import type { OutgoingMessage } from './outgoing-message.ts';
import { SeqRing } from './seq-ring.ts';

/** So many messages share one note of when the first of them is too old. */
const BLOCK_MESSAGES = 1_024;

/** Messages on disk only, and when the first of them is too old at the earliest. */
interface Block {
  from: Seq;
  to: Position;
  dueMs: number;
}

/** What a channel has asked its store for. */
export interface PageRead {
  /** To be put on the connection soon, or to be ended because some of them are too old. */
  readonly purpose: 'head' | 'due';
  readonly from: Seq;
  readonly to: Position;
}

/** Where a read begins and ends, without whose it is. */
export type PageRange = Omit<OutgoingRange, 'session'>;

/**
 * The part of a channel that is behind its head: on disk only, and behind that the tail,
 * which is still on its way to the disk. A message on disk only costs no memory here.
 *
 *     in memory │ on disk only │ tail: in memory, not durable
 *     ──────────┼──────────────┼─────────────────────▶ seq
 *           ring.end       tail.base              tail.end
 */
export class PagedPart {
  readonly tail: SeqRing<OutgoingMessage>;
  /** Ended by this side while a read that does not know of it may be under way. */
  readonly ended = new Map<Seq, OutgoingMessage>();
  /** One at a time. */
  reading: PageRead | undefined = undefined;
  readonly #blocks: Block[] = [];
  #firstDueMs = Infinity;

  constructor(from: Position) {
    this.tail = new SeqRing(from);
  }

  /** When the first message that is on disk only may be too old; `Infinity` for never. */
  get firstDueMs(): number {
    return this.#firstDueMs;
  }

  /** The message at `seq`, the next one, is on disk only from now on. */
  add(seq: Seq, dueMs: number): void {
    const last = this.#blocks.at(-1);
    if (last === undefined || seq - last.from >= BLOCK_MESSAGES) {
      this.#blocks.push({ from: seq, to: seq + 1, dueMs });
    } else {
      last.to = seq + 1;
      last.dueMs = Math.min(last.dueMs, dueMs);
    }
    this.#firstDueMs = Math.min(this.#firstDueMs, dueMs);
  }

  /** A store held more than was read: of these only the earliest date is known. */
  addUnread(from: Seq, to: Position, dueMs: number): void {
    this.#blocks.push({ from, to, dueMs });
    this.#findFirstDue();
  }

  /** What is below is in memory again. */
  takenUpTo(position: Position): void {
    let gone = 0;
    while ((this.#blocks[gone]?.to ?? Infinity) <= position) gone += 1;
    if (gone > 0) this.#blocks.splice(0, gone);
    const first = this.#blocks[0];
    if (first !== undefined) first.from = Math.max(first.from, position);
    if (gone > 0) this.#findFirstDue();
  }

  /** The messages among which the first that is too old must be. */
  dueBlock(nowMs: number): { readonly from: Seq; readonly to: Position } | undefined {
    return this.#blocks.find(({ dueMs }) => dueMs <= nowMs);
  }

  /** All of `[from, to)`, the beginning of a block, were looked at; the next of them is due then. */
  looked(from: Seq, to: Position, dueMs: number): void {
    const index = this.#blocks.findIndex((block) => block.from <= from && from < block.to);
    const block = this.#blocks[index];
    if (block === undefined) return;
    if (block.to <= to) block.dueMs = dueMs;
    else {
      this.#blocks.splice(index, 0, { from: block.from, to, dueMs });
      block.from = to;
    }
    this.#findFirstDue();
  }

  #findFirstDue(): void {
    let firstDueMs = Infinity;
    for (const { dueMs } of this.#blocks) firstDueMs = Math.min(firstDueMs, dueMs);
    this.#firstDueMs = firstDueMs;
  }
}
