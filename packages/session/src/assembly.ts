import type { Seq } from '@wilco/protocol';
import type { Arrival } from './arrival.ts';

/** Memory for so many times what came: to grow costs more than what is never touched. */
const GROWTH = 16;

/**
 * A large message that is coming in, part by part. Takes memory in proportion to what came, and
 * never more than was granted, in one piece, however small the parts are.
 */
export class Assembly {
  readonly arrival: Arrival;
  readonly totalBytes: number;
  /** What the sender may send: absolute. */
  grantedBytes: number;
  #bytes: Uint8Array;
  #offset: number;

  constructor(arrival: Arrival, totalBytes: number) {
    const { payload } = arrival.frame;
    this.#bytes = payload.slice();
    this.#offset = payload.byteLength;
    // The view must not keep the read that it came with.
    this.arrival = { ...arrival, frame: { ...arrival.frame, payload: new Uint8Array(0) } };
    this.totalBytes = totalBytes;
    this.grantedBytes = this.#offset;
  }

  get seq(): Seq {
    return this.arrival.frame.seq;
  }

  /** All bytes below it are here. */
  get offset(): number {
    return this.#offset;
  }

  get isComplete(): boolean {
    return this.#offset === this.totalBytes;
  }

  /** Copies the next part to the others: amortised constant time for each byte. */
  add(part: Uint8Array): void {
    const end = this.#offset + part.byteLength;
    if (end > this.#bytes.byteLength) {
      const room = Math.min(this.totalBytes, Math.max(end, GROWTH * this.#bytes.byteLength));
      const larger = new Uint8Array(room);
      larger.set(this.#bytes.subarray(0, this.#offset));
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#offset);
    this.#offset = end;
  }

  /** The whole payload. Call it once, when complete. */
  whole(): Uint8Array {
    const { byteLength } = this.#bytes;
    return byteLength === this.totalBytes ? this.#bytes : this.#bytes.slice(0, this.totalBytes);
  }
}
