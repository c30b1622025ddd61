import { crc32 } from 'node:zlib';

/** A slab grows up to this; a record that is larger gets one of its own. Bytes. */
const SLAB_BYTES_MAX = 1_048_576;
const SLAB_BYTES_MIN = 16_384;
/** Text up to this many characters is written by hand: the call into native code costs more. */
const SHORT_TEXT = 40;

const UTF8 = new TextEncoder();

/**
 * Writes records one behind the other into a slab that is used again: varints, text, bytes,
 * and behind each record a CRC over its key and itself.
 *
 * What {@link end} returned stays as it is until {@link reset}.
 */
export class RecordWriter {
  #slab = new Uint8Array(SLAB_BYTES_MIN);
  #position = 0;
  /** Where the record being written begins: with its key, for the checksum. */
  #start = 0;
  #bodyStart = 0;
  /** How much was written since the last reset. */
  #total = 0;

  /** Begins a record. */
  begin(key: string): void {
    this.#start = this.#position;
    this.#ensure(key.length * 3);
    this.#characters(key);
    this.#bodyStart = this.#position;
  }

  /** Bytes of the record being written, so far. */
  get recordBytes(): number {
    return this.#position - this.#bodyStart;
  }

  /** Bytes of all records since the last reset, with their keys. */
  get totalBytes(): number {
    return this.#total;
  }

  /** Ends the record; returns it with its checksum. */
  end(): Uint8Array {
    this.#ensure(CHECKSUM_BYTES);
    const sum = crc32(this.#slab.subarray(this.#start, this.#position));
    this.#slab[this.#position++] = sum >>> 24;
    this.#slab[this.#position++] = sum >>> 16;
    this.#slab[this.#position++] = sum >>> 8;
    this.#slab[this.#position++] = sum;
    this.#total += this.#position - this.#start;
    return this.#slab.subarray(this.#bodyStart, this.#position);
  }

  /**
   * Nobody needs any more what was written.
   *
   * @param isCopied - Whether whoever got it made a copy: the memory is used again.
   */
  reset(isCopied: boolean): void {
    const isSmall = this.#slab.length <= Math.max(SLAB_BYTES_MIN, this.#total * 16);
    if (!isCopied || !isSmall) this.#slab = new Uint8Array(SLAB_BYTES_MIN);
    this.#position = this.#start = this.#bodyStart = this.#total = 0;
  }

  byte(value: number): void {
    this.#ensure(1);
    this.#slab[this.#position++] = value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#ensure(VARINT_BYTES_MAX);
    const slab = this.#slab;
    let rest = value;
    while (rest > 0x7fff_ffff) {
      slab[this.#position++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      slab[this.#position++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    slab[this.#position++] = rest;
  }

  /** A whole number of either sign. */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Text, with how many bytes it has. */
  text(value: string): void {
    this.#ensure(value.length * 3 + VARINT_BYTES_MAX);
    if (value.length > SHORT_TEXT) {
      this.blob(UTF8.encode(value));
      return;
    }
    const mark = this.#position++;
    this.#characters(value);
    const bytes = this.#position - mark - 1;
    if (bytes < 128) {
      this.#slab[mark] = bytes;
      return;
    }
    this.#position = mark;
    this.blob(UTF8.encode(value));
  }

  /** Bytes, with how many they are. */
  blob(value: Uint8Array): void {
    this.varint(value.length);
    this.bytes(value);
  }

  /** Bytes, to the end of the record. */
  bytes(value: Uint8Array): void {
    this.#ensure(value.length);
    this.#slab.set(value, this.#position);
    this.#position += value.length;
  }

  #characters(text: string): void {
    const start = this.#position;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        this.#position = start + UTF8.encodeInto(text, this.#slab.subarray(start)).written;
        return;
      }
      this.#slab[this.#position++] = code;
    }
  }

  /** A record that does not fit moves to a new slab; what was ended stays in the old one. */
  #ensure(count: number): void {
    if (this.#position + count <= this.#slab.length) return;
    const record = this.#slab.subarray(this.#start, this.#position);
    const wanted = (record.length + count) * 2;
    const size = Math.max(wanted, Math.min(this.#slab.length * 2, SLAB_BYTES_MAX));
    this.#slab = new Uint8Array(size);
    this.#slab.set(record);
    this.#bodyStart -= this.#start;
    this.#position -= this.#start;
    this.#start = 0;
  }
}

/** What every record ends with. */
export const CHECKSUM_BYTES = 4;
const VARINT_BYTES_MAX = 8;
