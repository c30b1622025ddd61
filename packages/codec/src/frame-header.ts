import { WilcoError } from '@wilco/protocol';
import { CHECKSUM_BYTES, isOpeningHead } from './wire.ts';

/** More bytes than these are beyond any limit. */
const LENGTH_BYTES_MAX = 3;

/** Reads length and head of one frame after another, and checks them against the limit. */
export class FrameHeader {
  /** Bytes of the length. */
  lengthBytes = 0;
  head = 0;
  bodyBytes = 0;
  checksumBytes = 0;
  /** Bytes of the whole frame. */
  frameBytes = 0;

  /**
   * Reads what begins at `start`; says whether all of it was there before `end`. Which error
   * comes depends on the bytes alone, not on how many of them are there already.
   *
   * @throws {@link WilcoError} `WILCO_FRAME_TOO_LARGE` or `WILCO_FRAME_MALFORMED`.
   */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    hasChecksum: boolean,
    maxBodyBytes: number,
  ): boolean {
    const length = this.#readLength(bytes, start, end);
    if (length < 0) return false;
    // What not even the most generous reading of the head allows.
    if (length > 1 + maxBodyBytes + CHECKSUM_BYTES) throw tooLarge(length, maxBodyBytes);
    if (length < 1 + (hasChecksum ? CHECKSUM_BYTES : 0)) throw tooShort(length);
    const headAt = start + this.lengthBytes;
    if (headAt >= end) return false;
    this.head = bytes[headAt] as number;
    this.checksumBytes = hasChecksum || isOpeningHead(this.head) ? CHECKSUM_BYTES : 0;
    this.bodyBytes = length - 1 - this.checksumBytes;
    if (this.bodyBytes < 0) throw tooShort(length);
    if (this.bodyBytes > maxBodyBytes) throw tooLarge(length, maxBodyBytes);
    this.frameBytes = this.lengthBytes + length;
    return true;
  }

  /** The length, or -1 where more bytes are needed to know it. */
  #readLength(bytes: Uint8Array, start: number, end: number): number {
    let value = 0;
    for (let i = 0; i < LENGTH_BYTES_MAX; i++) {
      if (start + i >= end) return -1;
      const byte = bytes[start + i] as number;
      value += (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw longLength();
        this.lengthBytes = i + 1;
        return value;
      }
    }
    throw new WilcoError(
      'WILCO_FRAME_TOO_LARGE',
      'the length of a frame has more than three bytes',
    );
  }
}

function tooLarge(length: number, maxBodyBytes: number): WilcoError {
  return new WilcoError(
    'WILCO_FRAME_TOO_LARGE',
    `a frame announces ${String(length)} bytes, its body may have ${String(maxBodyBytes)}`,
  );
}

function tooShort(length: number): WilcoError {
  return new WilcoError(
    'WILCO_FRAME_MALFORMED',
    `a frame announces ${String(length)} bytes: no room for its head and checksum`,
  );
}

function longLength(): WilcoError {
  return new WilcoError(
    'WILCO_FRAME_MALFORMED',
    'the length of a frame is longer than it needs to be',
  );
}
