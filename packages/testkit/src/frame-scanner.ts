/** The preamble comes before the first frame of each direction. */
const PREAMBLE_BYTES = 8;

/** Kinds 1 to 4 (HELLO, WELCOME, REFUSE, READY) open a connection. */
const LAST_OPENING_KIND = 4;

/**
 * Follows the frame boundaries of one direction of a byte stream, by the lengths alone,
 * and can swallow a whole frame, as a broken middlebox would.
 *
 * Knows nothing else of frames; what it can not follow it lets pass.
 */
export class FrameScanner {
  /** Bytes to pass or to eat until the next boundary. */
  #remaining = PREAMBLE_BYTES;
  #isEating = false;
  #hasBegun = false;
  /** The beginning of a frame whose length or kind is not complete. */
  #head: number[] = [];
  /** How many frames may pass before one is eaten; `undefined`: all pass. */
  #passBeforeEating: number | undefined;
  readonly #onEaten: () => void;

  /** @param onEaten - Called when a frame begins to be swallowed. */
  constructor(onEaten: () => void) {
    this.#onEaten = onEaten;
  }

  /** Whether the stream stands between two frames, or has not begun. */
  get isAtBoundary(): boolean {
    return !this.#hasBegun || (this.#remaining === 0 && this.#head.length === 0);
  }

  /** Swallows one frame, after `afterFrames` more that could have been. Opening frames always pass. */
  eat(afterFrames: number): void {
    this.#passBeforeEating = afterFrames;
  }

  /** What of these bytes goes on its way. Bytes of an undecided frame come with a later call. */
  push(bytes: Uint8Array): Uint8Array {
    const passed = new Uint8Array(this.#head.length + bytes.length);
    let size = 0;
    let offset = 0;
    this.#hasBegun = true;
    while (offset < bytes.length) {
      if (this.#remaining > 0) {
        const part = bytes.subarray(offset, offset + this.#remaining);
        offset += part.length;
        this.#remaining -= part.length;
        if (this.#isEating) continue;
        passed.set(part, size);
        size += part.length;
        continue;
      }
      this.#head.push(bytes[offset] as number);
      offset += 1;
      if (!this.#beginFrame()) continue;
      if (this.#isEating) this.#head = [];
      passed.set(this.#head, size);
      size += this.#head.length;
      this.#head = [];
    }
    return passed.subarray(0, size);
  }

  /** Whether length and kind are complete, and the fate of the frame decided. */
  #beginFrame(): boolean {
    const kind = this.#head.at(-1) ?? 0;
    const varint = this.#head.slice(0, -1);
    if (varint.length === 0 || (varint.at(-1) ?? 0) >= 0x80) return false;
    let length = 0;
    for (const [index, byte] of varint.entries()) length += (byte & 0x7f) * 2 ** (7 * index);
    this.#remaining = Math.max(0, length - 1);
    this.#isEating = this.#decide(kind);
    if (this.#isEating) this.#onEaten();
    return true;
  }

  #decide(kind: number): boolean {
    if (this.#passBeforeEating === undefined || (kind >= 1 && kind <= LAST_OPENING_KIND)) {
      return false;
    }
    this.#passBeforeEating -= 1;
    if (this.#passBeforeEating >= 0) return false;
    this.#passBeforeEating = undefined;
    return true;
  }
}
