import type { AnswerFrame, MessageFrame, Seq } from '@wilco/protocol';

/**
 * A large message that is coming in, part by part. Holds what came, never what was
 * announced; the whole is put together once.
 */
export class Assembly {
  readonly first: MessageFrame | AnswerFrame;
  readonly totalBytes: number;
  /** What the sender may send: absolute. */
  grantedBytes: number;
  readonly #parts: Uint8Array[] = [];
  #offset = 0;

  constructor(first: MessageFrame | AnswerFrame, totalBytes: number) {
    this.first = first;
    this.totalBytes = totalBytes;
    this.add(first.payload);
    this.grantedBytes = this.#offset;
  }

  get seq(): Seq {
    return this.first.seq;
  }

  /** All bytes below it are here. */
  get offset(): number {
    return this.#offset;
  }

  get isComplete(): boolean {
    return this.#offset === this.totalBytes;
  }

  /** Takes the next part; copies it, since it came as a view. */
  add(part: Uint8Array): void {
    this.#parts.push(part.slice());
    this.#offset += part.byteLength;
  }

  /** The whole payload. Call it once, when complete. */
  whole(): Uint8Array {
    const payload = new Uint8Array(this.totalBytes);
    let offset = 0;
    for (const part of this.#parts) {
      payload.set(part, offset);
      offset += part.byteLength;
    }
    this.#parts.length = 0;
    return payload;
  }
}
