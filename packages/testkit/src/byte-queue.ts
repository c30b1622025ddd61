/** Bytes in the order they came, taken out in pieces of any size. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  /** How much of the first chunk is taken. */
  #taken = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
  }

  /** The next `count` bytes, or as many as there are, in memory of their own. */
  take(count: number): Uint8Array {
    const taken = new Uint8Array(Math.min(count, this.#size));
    let filled = 0;
    while (filled < taken.length) {
      const chunk = this.#chunks[0] as Uint8Array;
      const part = chunk.subarray(this.#taken, this.#taken + taken.length - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#taken += part.length;
      if (this.#taken < chunk.length) break;
      this.#chunks.shift();
      this.#taken = 0;
    }
    this.#size -= taken.length;
    return taken;
  }

  clear(): void {
    this.#chunks = [];
    this.#taken = 0;
    this.#size = 0;
  }
}
