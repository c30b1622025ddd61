import type { OutgoingMessage, Shelf } from '@wilco/session';
import { MessageReceipt } from './receipt.ts';

/** Places in a chunk of the shelf. */
const CHUNK_PLACES = 1_024;
/** How many chunks are looked through for receipts that nobody has any more, for each new one. */
const SWEPT_CHUNKS = 2;

/**
 * Where the messages of a session are found again that are on disk only. Of a message whose
 * receipt somebody waits for, or may withdraw, the object stays; of any other it stays as long as the
 * application has the receipt. So a receipt that was let go of costs nothing, and one
 * that was not always learns how its message ended.
 */
export class ReceiptShelf implements Shelf {
  readonly #channels = new Map<number, ChannelShelf>();

  put(channel: number, message: OutgoingMessage): void {
    if (message.receipt === undefined && !message.isCancelRequested) return;
    let shelf = this.#channels.get(channel);
    if (shelf === undefined) {
      shelf = new ChannelShelf();
      this.#channels.set(channel, shelf);
    }
    shelf.put(message);
  }

  take(channel: number, seq: number): OutgoingMessage | undefined {
    return this.#channels.get(channel)?.take(seq);
  }

  /** All messages that somebody may still ask about. */
  *messages(): Generator<OutgoingMessage> {
    for (const shelf of this.#channels.values()) yield* shelf.messages();
  }

  /** How many places are taken, for tests of what is let go of. */
  get size(): number {
    let size = 0;
    for (const shelf of this.#channels.values()) size += shelf.size;
    return size;
  }
}

interface Chunk {
  readonly places: (WeakRef<MessageReceipt> | undefined)[];
  count: number;
}

class ChannelShelf {
  readonly #held = new Map<number, OutgoingMessage>();
  readonly #chunks = new Map<number, Chunk>();

  get size(): number {
    let size = this.#held.size;
    for (const { count } of this.#chunks.values()) size += count;
    return size;
  }

  put(message: OutgoingMessage): void {
    const { seq, receipt } = message;
    const isHeld = !(receipt instanceof MessageReceipt) || receipt.isAwaited;
    if (isHeld || message.isCancelRequested) {
      this.#held.set(seq, message);
      return;
    }
    const number = Math.floor(seq / CHUNK_PLACES);
    const chunk = this.#chunks.get(number) ?? this.#open(number);
    const place = seq % CHUNK_PLACES;
    if (chunk.places[place] === undefined) chunk.count += 1;
    chunk.places[place] = new WeakRef(receipt);
  }

  take(seq: number): OutgoingMessage | undefined {
    const held = this.#held.get(seq);
    this.#held.delete(seq);
    const number = Math.floor(seq / CHUNK_PLACES);
    const chunk = this.#chunks.get(number);
    const place = seq % CHUNK_PLACES;
    const receipt = chunk?.places[place];
    if (chunk === undefined || receipt === undefined) return held;
    chunk.places[place] = undefined;
    chunk.count -= 1;
    if (chunk.count === 0) this.#chunks.delete(number);
    return held ?? receipt.deref()?.message;
  }

  *messages(): Generator<OutgoingMessage> {
    yield* this.#held.values();
    for (const { places } of this.#chunks.values()) {
      for (const receipt of places) {
        const message = receipt?.deref()?.message;
        if (message !== undefined && !this.#held.has(message.seq)) yield message;
      }
    }
  }

  #open(number: number): Chunk {
    this.#sweep();
    const chunk: Chunk = { places: [], count: 0 };
    this.#chunks.set(number, chunk);
    return chunk;
  }

  /** Looks through the chunks that were looked through longest ago, and puts them last. */
  #sweep(): void {
    let swept = 0;
    for (const [number, chunk] of this.#chunks) {
      if (swept === SWEPT_CHUNKS) return;
      swept += 1;
      this.#chunks.delete(number);
      for (const [place, receipt] of chunk.places.entries()) {
        if (receipt === undefined || receipt.deref() !== undefined) continue;
        chunk.places[place] = undefined;
        chunk.count -= 1;
      }
      if (chunk.count > 0) this.#chunks.set(number, chunk);
    }
  }
}
