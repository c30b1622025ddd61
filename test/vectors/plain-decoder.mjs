/**
 * The plain encoder's other half: bytes to frames, after PROTOCOL.md, section 2, and
 * nothing else. What breaks a rule of it is reported with its error code.
 */
import { bytesOf, crc32, hexOf, PREAMBLE } from './plain-encoder.mjs';
import { readBody, readMessage } from './plain-bodies.mjs';
import { Broken, Reader } from './plain-reader.mjs';

/** The largest head and body, in bytes. */
const FRAME_BYTES = 1 + 66_560;
const ALWAYS_CHECKED = [1, 2, 3, 4];

/**
 * Cuts a byte stream into frames. Keeps all unread bytes in one buffer and starts over
 * at each push: slow, and easy to believe.
 */
export class PlainDecoder {
  /** Whether frames after the opening carry a CRC. */
  hasChecksum = true;
  /** How many whole frames have come, the skipped ones included. */
  frameCount = 0;
  #unread = Buffer.alloc(0);
  #isPastPreamble;
  #taken = 0;
  #maxBytes;

  /** `maxBytes`: how much may come in all, such as 4,096 before authentication. */
  constructor({ hasPreamble = true, hasChecksum = true, maxBytes = Infinity } = {}) {
    this.#isPastPreamble = !hasPreamble;
    this.hasChecksum = hasChecksum;
    this.#maxBytes = maxBytes;
  }

  /** Calls `onFrame` for each frame that the chunk completes; returns what is wrong, if anything. */
  push(chunk, onFrame) {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    try {
      this.#readPreamble();
      while (this.#isPastPreamble && this.#readFrame(onFrame));
      return undefined;
    } catch (error) {
      if (error instanceof Broken) return { code: error.code, rule: error.rule };
      throw error;
    }
  }

  #readPreamble() {
    if (this.#isPastPreamble) return;
    for (let i = 0; i < Math.min(7, this.#unread.length); i += 1) {
      if (this.#unread[i] !== PREAMBLE[i]) throw new Broken('W-7', 'WILCO_PREAMBLE_UNKNOWN');
    }
    if (this.#unread.length < 8) return;
    if (this.#unread[7] !== PREAMBLE[7]) throw new Broken('W-7', 'WILCO_VERSION_UNSUPPORTED');
    this.#isPastPreamble = true;
    this.#take(8);
  }

  /** False: more bytes are wanted. */
  #readFrame(onFrame) {
    const length = readLength(this.#unread);
    if (length === undefined) return false;
    const lengthBytes = length.bytes;
    // Which kind it is decides whether a CRC is there, so the head is looked at if it is here.
    const limit = FRAME_BYTES + (this.hasChecksum ? 4 : 0);
    if (length.value > Math.max(limit, FRAME_BYTES + 4)) {
      throw new Broken('W-9', 'WILCO_FRAME_TOO_LARGE');
    }
    if (this.#taken + lengthBytes + length.value > this.#maxBytes) {
      throw new Broken('W-11', 'WILCO_FRAME_TOO_LARGE');
    }
    if (length.value < 1 + (this.hasChecksum ? 4 : 0)) throw new Broken('W-10');
    if (this.#unread.length < lengthBytes + length.value) return false;
    const whole = this.#unread.subarray(0, lengthBytes + length.value);
    const head = whole[lengthBytes];
    const isChecked = this.hasChecksum || ALWAYS_CHECKED.includes(head);
    const body = this.#unwrap(whole, lengthBytes, isChecked);
    this.#take(whole.length);
    const frame = readFrame(head, Buffer.from(body));
    this.frameCount += 1;
    if (frame !== undefined) onFrame(frame);
    return true;
  }

  #unwrap(whole, lengthBytes, isChecked) {
    if (!isChecked) {
      if (whole.length - lengthBytes > FRAME_BYTES)
        throw new Broken('W-9', 'WILCO_FRAME_TOO_LARGE');
      return whole.subarray(lengthBytes + 1);
    }
    const end = whole.length - 4;
    if (end <= lengthBytes) throw new Broken('W-10');
    if (crc32(whole.subarray(0, end)) !== whole.readUInt32BE(end)) {
      throw new Broken('W-13', 'WILCO_FRAME_CORRUPT');
    }
    return whole.subarray(lengthBytes + 1, end);
  }

  #take(count) {
    this.#taken += count;
    this.#unread = this.#unread.subarray(count);
  }
}

/** Decodes exactly one frame without a preamble: the frame, or `{ code, rule }`. */
export function decodeOne(hex, options = {}) {
  const frames = [];
  const decoder = new PlainDecoder({ hasPreamble: false, ...options });
  const error = decoder.push(bytesOf(hex), (frame) => frames.push(frame));
  return error ?? frames[0];
}

function readLength(bytes) {
  const start = bytes.subarray(0, 3);
  const end = start.findIndex((next) => next < 128);
  if (end === -1) {
    if (start.length === 3) throw new Broken('W-9', 'WILCO_FRAME_TOO_LARGE');
    return undefined;
  }
  return { value: new Reader(bytes.subarray(0, end + 1)).varint(), bytes: end + 1 };
}

function readFrame(head, body) {
  if (head >= 128) return readMessage(head, body);
  const kind = head % 64;
  const isKnown = kind !== 0 && kind !== 7 && kind < 20;
  if (head >= 64) {
    if (isKnown) throw new Broken('W-18');
    return undefined;
  }
  if (!isKnown) throw new Broken('W-17');
  return readBody(kind, body);
}

export { hexOf };
