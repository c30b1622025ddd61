import { LIMITS, utf8Length } from '@wilco/protocol';
import { crc32 } from './crc32.ts';
import { writeUtf8 } from './text.ts';
import { VARINT_MAX_BYTES, varintBytes, writeVarint } from './varint.ts';
import { CHECKSUM_BYTES } from './wire.ts';

const SLAB_BYTES_MIN = 4 * 1024;
const SLAB_BYTES_MAX = 64 * 1024;
/** A slab is made for so many batches of the size of the last. */
const SLAB_BATCHES = 4;
/** The next batch may be a little larger than the last. */
const SLACK_BYTES = 256;
/** A payload of this size or more is not copied. */
const BY_REFERENCE_BYTES = 8 * 1024;

/** How many slabs of the smallest size lie ready for whoever writes next. */
const SPARE_SLABS = 16;

const NOTHING = new Uint8Array(0);
/** Where nothing was written; nothing is ever put into it. */
const NO_PIECES: Uint8Array[] = [];

/** A slab that nobody writes to, and how much of it was taken already. */
interface Spare {
  readonly slab: Uint8Array<ArrayBuffer>;
  readonly usedBytes: number;
}

/** Of all writers: thousands of connections that say little would hold a slab each. */
const spares: Spare[] = [];

/**
 * Writes frames one behind the other into slabs.
 *
 * What has been taken is never touched again: writing goes on behind it in the same slab,
 * by this writer or another, or in a new one. A slab is zeroed memory, so nothing of the process can leak through it.
 * A frame that turns out not to fit its slab moves to the next with what it has so far.
 */
export class ByteWriter {
  #slab = NOTHING;
  /** Where this writer began in it: what comes before is another's. */
  #origin = 0;
  /** Where the next byte goes. */
  #position = 0;
  /** Where the frame begins that is being written. */
  #frameStart = 0;
  /** How many bytes were left free for the length of the frame. */
  #lengthBytes = 1;
  /** What comes before is sealed. */
  #unsealedFrom = 0;
  #sealed = NO_PIECES;
  #sealedBytes = 0;
  /** Bytes of this batch that went through slabs; the next will have about as many as the last. */
  #batchBytes = 0;
  #lastBytes = 0;

  /** Bytes of all finished frames that were not taken. */
  get pendingBytes(): number {
    return this.#sealedBytes + this.#frameStart - this.#unsealedFrom;
  }

  /** Bytes of the frame being written, so far. */
  get frameBytes(): number {
    return this.#position - this.#frameStart;
  }

  /** All that was finished, in order. It belongs to the caller from now on. */
  take(): Uint8Array[] {
    this.#seal(this.#frameStart);
    const taken = this.#sealed;
    if (taken.length > 0) {
      this.#lastBytes = this.#batchBytes;
      this.#batchBytes = 0;
      this.#sealed = NO_PIECES;
      this.#sealedBytes = 0;
      this.#letGo();
    }
    return taken;
  }

  /**
   * Begins a frame; one that was begun and not finished is forgotten. `expectedBytes` is a
   * guess of its size; a good one saves moving bytes.
   */
  begin(head: number, expectedBytes: number): void {
    this.#lengthBytes = expectedBytes < 0x78 ? 1 : expectedBytes < 0x3ff0 ? 2 : 3;
    this.#position = this.#frameStart;
    this.#ensure(64);
    this.#position += this.#lengthBytes;
    this.#slab[this.#position++] = head;
  }

  /** Finishes the frame that was begun. `payload` must not be changed afterwards. */
  finish(payload: Uint8Array, hasChecksum: boolean): void {
    const isByReference = payload.length >= BY_REFERENCE_BYTES;
    this.#ensure(3 + CHECKSUM_BYTES + (isByReference ? 0 : payload.length));
    this.#writeLength(payload.length, hasChecksum ? CHECKSUM_BYTES : 0);
    if (isByReference) {
      this.#finishByReference(payload, hasChecksum);
      return;
    }
    this.#slab.set(payload, this.#position);
    this.#position += payload.length;
    if (hasChecksum) this.#writeChecksum(crc32(this.#slab, this.#frameStart, this.#position));
    this.#frameStart = this.#position;
  }

  /** Writes bytes that are no frame. */
  appendRaw(bytes: readonly number[]): void {
    this.#position = this.#frameStart;
    this.#ensure(bytes.length);
    this.#slab.set(bytes, this.#position);
    this.#position += bytes.length;
    this.#frameStart = this.#position;
  }

  byte(value: number): void {
    this.#ensure(1);
    this.#slab[this.#position++] = value;
  }

  varint(value: number): void {
    this.#ensure(VARINT_MAX_BYTES);
    if ((value & 0x7f) === value) {
      this.#slab[this.#position++] = value;
      return;
    }
    this.#position = writeVarint(this.#slab, this.#position, value);
  }

  bytes(value: Uint8Array): void {
    this.#ensure(value.length);
    this.#slab.set(value, this.#position);
    this.#position += value.length;
  }

  /** A count of bytes, then the bytes. */
  blob(value: Uint8Array): void {
    this.varint(value.length);
    this.bytes(value);
  }

  /**
   * A count of bytes, then the text.
   *
   * @throws `TypeError` for a text beyond the range, or one that is not well-formed.
   */
  text(what: string, text: string, leastBytes: number, mostBytes: number): void {
    const length = utf8Length(text);
    if (
      length < leastBytes ||
      length > mostBytes ||
      (length !== text.length && !text.isWellFormed())
    ) {
      throw new TypeError(`${what} has ${String(length)} bytes or is not well-formed`);
    }
    this.varint(length);
    this.#ensure(length);
    writeUtf8(this.#slab, this.#position, text, length);
    this.#position += length;
  }

  /** Leaves room for a count of bytes; returns what {@link endBlob} wants. */
  beginBlob(): number {
    this.byte(0);
    return this.frameBytes;
  }

  /** Writes the count of the bytes since {@link beginBlob}. */
  endBlob(mark: number): void {
    const count = this.frameBytes - mark;
    const more = varintBytes(count) - 1;
    this.#ensure(more);
    const start = this.#frameStart + mark;
    if (more > 0) this.#slab.copyWithin(start + more, start, this.#position);
    writeVarint(this.#slab, start - 1, count);
    this.#position += more;
  }

  #finishByReference(payload: Uint8Array, hasChecksum: boolean): void {
    const headSum = hasChecksum ? crc32(this.#slab, this.#frameStart, this.#position) : 0;
    this.#seal(this.#position);
    this.#piece(payload);
    this.#sealedBytes += payload.length;
    if (hasChecksum) this.#writeChecksum(crc32(payload, 0, payload.length, headSum));
    this.#frameStart = this.#position;
  }

  #writeLength(payloadBytes: number, checksumBytes: number): void {
    const ownStart = this.#frameStart + this.#lengthBytes;
    const ownBytes = this.#position - ownStart;
    if (ownBytes - 1 + payloadBytes > LIMITS.frameBodyBytes) {
      throw new TypeError(
        `a frame body of ${String(ownBytes - 1 + payloadBytes)} bytes is too large`,
      );
    }
    const length = ownBytes + payloadBytes + checksumBytes;
    const more = varintBytes(length) - this.#lengthBytes;
    if (more !== 0) this.#slab.copyWithin(ownStart + more, ownStart, this.#position);
    this.#position += more;
    writeVarint(this.#slab, this.#frameStart, length);
  }

  #writeChecksum(sum: number): void {
    const slab = this.#slab;
    slab[this.#position++] = sum >>> 24;
    slab[this.#position++] = sum >>> 16;
    slab[this.#position++] = sum >>> 8;
    slab[this.#position++] = sum;
  }

  #seal(to: number): void {
    if (to === this.#unsealedFrom) return;
    this.#piece(this.#slab.subarray(this.#unsealedFrom, to));
    this.#sealedBytes += to - this.#unsealedFrom;
    this.#batchBytes += to - this.#unsealedFrom;
    this.#unsealedFrom = to;
  }

  #piece(bytes: Uint8Array): void {
    if (this.#sealed === NO_PIECES) this.#sealed = [bytes];
    else this.#sealed.push(bytes);
  }

  /** A batch goes out in one piece where it can; and who says little holds no slab. */
  #letGo(): void {
    const { length } = this.#slab;
    const free = length - this.#frameStart;
    const isTooSmall = free < Math.min(this.#lastBytes + SLACK_BYTES, SLAB_BYTES_MAX);
    const isTooLarge = length > Math.max(SLAB_BYTES_MIN, 64 * this.#lastBytes);
    const isSpare = length === SLAB_BYTES_MIN && !isTooSmall;
    if (!isTooSmall && !isTooLarge && !isSpare) return;
    if (isSpare && spares.length < SPARE_SLABS) {
      spares.push({ slab: this.#slab, usedBytes: this.#frameStart });
    }
    this.#slab = NOTHING;
    this.#position = this.#frameStart = this.#unsealedFrom = this.#origin = 0;
  }

  #ensure(count: number): void {
    if (this.#position + count <= this.#slab.length) return;
    const isWholeEnough = this.#position - this.#origin + count <= SLAB_BYTES_MIN;
    if (this.#origin > 0 && isWholeEnough) this.#leaveSpare();
    else this.#moveToNewSlab(count);
  }

  /** Where a batch is split must not hang on what others left of a slab. */
  #leaveSpare(): void {
    const unsealed = this.#slab.subarray(this.#unsealedFrom, this.#position);
    this.#slab = new Uint8Array(SLAB_BYTES_MIN);
    this.#unsealedFrom -= this.#origin;
    this.#frameStart -= this.#origin;
    this.#position -= this.#origin;
    this.#origin = 0;
    this.#slab.set(unsealed, this.#unsealedFrom);
  }

  /** A batch that is large already gets a larger slab. */
  #moveToNewSlab(count: number): void {
    const old = this.#slab;
    const frame = old.subarray(this.#frameStart, this.#position);
    const wanted = Math.max(this.pendingBytes * 2, this.#lastBytes * SLAB_BATCHES);
    const size = Math.min(Math.max(wanted, SLAB_BYTES_MIN), SLAB_BYTES_MAX);
    this.#seal(this.#frameStart);
    this.#origin = this.#takeSlab(size, frame.length + count);
    this.#frameStart = this.#unsealedFrom = this.#origin;
    this.#slab.set(frame, this.#frameStart);
    this.#position = this.#frameStart + frame.length;
  }

  /** Takes a slab in which there is room; returns where that begins. */
  #takeSlab(size: number, neededBytes: number): number {
    const isForSpare = Math.max(size, neededBytes * 2) === SLAB_BYTES_MIN;
    const spare = isForSpare ? spares.pop() : undefined;
    if (spare !== undefined && spare.usedBytes + neededBytes <= SLAB_BYTES_MIN) {
      this.#slab = spare.slab;
      return spare.usedBytes;
    }
    this.#slab = new Uint8Array(Math.max(size, neededBytes * 2));
    return 0;
  }
}
