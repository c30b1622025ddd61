const NOTHING = new Uint8Array(0);

/**
 * Copies small byte arrays into memory that several of them share: to allocate and to
 * collect memory for each would cost several times as much as its bytes.
 *
 * A copy that is kept keeps its slab alive, and so at most `slabBytes`; what does not fit a
 * quarter of a slab gets memory of its own. What was copied is never written to again.
 */
export class ByteSlab {
  readonly #slabBytes: number;
  #slab = NOTHING;
  /** That of the slab: to ask for it takes a call out of JavaScript. */
  #buffer = NOTHING.buffer;
  #used = 0;

  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes;
  }

  /** A copy that belongs to the caller. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length * 4 > this.#slabBytes) return new Uint8Array(bytes);
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(this.#slabBytes);
      this.#buffer = this.#slab.buffer;
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    this.#slab.set(bytes, start);
    return new Uint8Array(this.#buffer, start, length);
  }
}
