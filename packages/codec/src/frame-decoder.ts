import { LIMITS, WilcoError, type Frame } from '@wilco/protocol';
import { ByteReader } from './byte-reader.ts';
import { crc32 } from './crc32.ts';
import { readBody } from './frame-body.ts';
import { FrameHeader } from './frame-header.ts';
import { PreambleCheck } from './preamble-check.ts';
import { KINDS } from './wire.ts';

/** How a {@link FrameDecoder} begins. */
export interface FrameDecoderOptions {
  /** Whether the stream begins with the eight bytes of the preamble. */
  readonly expectsPreamble: boolean;
  /**
   * The largest body of a frame that is taken. Bytes, 0 to 66_560.
   *
   * @defaultValue `66_560`, what the protocol allows
   */
  readonly maxBodyBytes?: number;
}

const NOTHING = new Uint8Array(0);
/** Both hold nothing from one frame to the next, so all decoders share them. */
const header = new FrameHeader();
const reader = new ByteReader();
/** A buffer for unfinished frames is not kept beyond this size. */
const KEPT_BYTES = 4 * 1024;
/** Buffers in which fragments were put together, for those of whichever decoder is next. */
const SPARES = 2;
const SPARE_BYTES = LIMITS.frameBodyBytes + 16;
const spares: Uint8Array[] = [];

/**
 * Cuts a byte stream into frames, however the network has cut the stream.
 *
 * A frame that lies inside one chunk is read where it lies. Of an unfinished one the bytes
 * that came are copied, into a buffer that grows with them and never by what a length
 * announces; the chunk itself is not kept. A length is checked before anything is stored,
 * a checksum before anything else of a frame is looked at.
 */
export class FrameDecoder {
  /**
   * Whether frames other than HELLO, WELCOME, REFUSE and READY carry a checksum. May be set
   * at any time, also from inside `onFrame`; holds from the next frame on.
   */
  hasChecksum = true;
  /** The largest body that is taken. May be set like {@link hasChecksum}. */
  maxBodyBytes: number;

  readonly #preamble: PreambleCheck;
  #framesSeen = 0;
  /** The unfinished frame is `#held[0, #heldBytes)`. */
  #held: Uint8Array = NOTHING;
  #heldBytes = 0;
  #error: WilcoError | undefined;
  #isStopped = false;
  #isPushing = false;

  constructor(options: FrameDecoderOptions) {
    this.#preamble = new PreambleCheck(options.expectsPreamble);
    this.maxBodyBytes = options.maxBodyBytes ?? LIMITS.frameBodyBytes;
  }

  /** How many frames came in whole, skipped ones and that of a running `onFrame` included. */
  get framesSeen(): number {
    return this.#framesSeen;
  }

  /** Whether the stream would be cut in the middle of a frame (or the preamble) if it ended here. */
  get hasUnfinished(): boolean {
    return this.#heldBytes > 0 || this.#preamble.isUnfinished;
  }

  /**
   * Takes the next bytes of the stream and calls `onFrame` for each frame that they complete.
   *
   * The payload of a frame is a view that is valid only during the call: copy what must
   * outlive it. That of a MESSAGE, where it has more than 4 KiB, stays valid as long as nobody
   * writes to the chunks. All else of a frame is its own. Where `onFrame` throws, the decoder has
   * stopped and the exception comes out here.
   *
   * @returns the protocol error that ended the stream, the same at each further call; nothing
   *   is read after it.
   * @throws `TypeError` when called from inside `onFrame`.
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): WilcoError | undefined {
    if (this.#isPushing) throw new TypeError('push() was called from inside onFrame');
    if (this.#isOver()) return this.#error;
    this.#isPushing = true;
    let hasReturned = false;
    try {
      this.#run(plain(chunk), onFrame);
      hasReturned = true;
    } finally {
      this.#isPushing = false;
      reader.release();
      if (!hasReturned) this.stop();
    }
    return this.#error;
  }

  /** Ends the reading, also in the middle of a chunk. What comes later is ignored. */
  stop(): void {
    this.#isStopped = true;
    this.#heldBytes = 0;
    this.#held = NOTHING;
  }

  #isOver(): boolean {
    return this.#isStopped || this.#error !== undefined;
  }

  #run(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    let position = this.#passPreamble(chunk);
    if (this.#heldBytes > 0) position = this.#finishHeld(chunk, position, onFrame);
    while (!this.#isOver() && position < chunk.length) {
      const isMeasured = this.#measure(chunk, position, chunk.length);
      if (this.#isOver()) return;
      if (!isMeasured || position + header.frameBytes > chunk.length) {
        this.#hold(chunk, position, chunk.length, isMeasured);
        return;
      }
      const start = position;
      position += header.frameBytes;
      this.#deliver(chunk, start, onFrame);
    }
  }

  #passPreamble(chunk: Uint8Array): number {
    try {
      return this.#preamble.pass(chunk);
    } catch (error) {
      this.#fail(error);
      return chunk.length;
    }
  }

  /** Says whether the header of the frame at `start` is whole. */
  #measure(bytes: Uint8Array, start: number, end: number): boolean {
    try {
      return header.read(bytes, start, end, this.hasChecksum, this.maxBodyBytes);
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Completes the unfinished frame, if the chunk can; returns where the rest begins. */
  #finishHeld(chunk: Uint8Array, start: number, onFrame: (frame: Frame) => void): number {
    let position = start;
    // A header has four bytes at most, and no byte behind the frame may be taken.
    while (!this.#measure(this.#held, 0, this.#heldBytes)) {
      if (this.#isOver() || position === chunk.length) return position;
      this.#hold(chunk, position, position + 1, false);
      position += 1;
    }
    const missing = header.frameBytes - this.#heldBytes;
    const end = Math.min(position + missing, chunk.length);
    this.#hold(chunk, position, end, true);
    if (end < position + missing) return end;
    const held = this.#held;
    this.#heldBytes = 0;
    if (held.length > KEPT_BYTES) this.#held = NOTHING;
    const isSpare = header.head === KINDS.fragment && held.length === SPARE_BYTES;
    this.#deliver(held, 0, onFrame);
    if (isSpare && spares.length < SPARES) spares.push(held);
    return end;
  }

  /** Copies bytes of the unfinished frame, whose size may be known. */
  #hold(chunk: Uint8Array, start: number, end: number, isMeasured: boolean): void {
    const needed = this.#heldBytes + end - start;
    if (needed > this.#held.length) {
      const grown = roomFor(needed, isMeasured ? header.frameBytes : 64);
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(chunk.subarray(start, end), this.#heldBytes);
    this.#heldBytes = needed;
  }

  /** Reads the measured frame at `start`, counts it and hands it on. */
  #deliver(bytes: Uint8Array, start: number, onFrame: (frame: Frame) => void): void {
    const frame = this.#decode(bytes, start);
    if (this.#error !== undefined) return;
    this.#framesSeen += 1;
    if (frame !== undefined) onFrame(frame);
  }

  /** `undefined`: the frame is to be skipped, or broken. */
  #decode(bytes: Uint8Array, start: number): Frame | undefined {
    const { head, lengthBytes, bodyBytes, checksumBytes } = header;
    const bodyStart = start + lengthBytes + 1;
    const bodyEnd = bodyStart + bodyBytes;
    try {
      if (checksumBytes > 0) checkSum(bytes, start, bodyEnd);
      reader.reset(bytes, bodyStart, bodyEnd, head);
      return readBody(reader);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof WilcoError)) throw error;
    this.#error = error;
    this.#heldBytes = 0;
    this.#held = NOTHING;
  }
}

/** Memory for what came of a frame, and for about as much again. */
function roomFor(neededBytes: number, wantedBytes: number): Uint8Array {
  const bytes = Math.max(neededBytes, Math.min(neededBytes * 2, wantedBytes));
  if (neededBytes <= KEPT_BYTES || header.head !== KINDS.fragment) return new Uint8Array(bytes);
  // It may have been announced only, but of these there are few.
  return spares.pop() ?? new Uint8Array(bytes <= SPARE_BYTES / 2 ? bytes : SPARE_BYTES);
}

/** One hidden class for all that is read, and no `Buffer` in a frame. */
function plain(chunk: Uint8Array): Uint8Array {
  if (chunk.constructor === Uint8Array) return chunk;
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
}

function checkSum(bytes: Uint8Array, start: number, end: number): void {
  const found =
    byteAt(bytes, end) * 0x100_0000 +
    (byteAt(bytes, end + 1) << 16) +
    (byteAt(bytes, end + 2) << 8) +
    byteAt(bytes, end + 3);
  const computed = crc32(bytes, start, end);
  if (found === computed) return;
  throw new WilcoError(
    'WILCO_FRAME_CORRUPT',
    `the checksum of a frame is 0x${found.toString(16)}, its bytes have 0x${computed.toString(16)}`,
  );
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
