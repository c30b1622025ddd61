import { crc32 } from 'node:zlib';
import { WilcoError } from '@wilco/protocol';
import { CHECKSUM_BYTES } from './record-writer.ts';

/**
 * Reads a record that {@link RecordWriter} wrote, after its checksum was compared.
 *
 * @throws {@link WilcoError} `WILCO_STORE_DAMAGED` when the record is not what was written
 * under its key.
 */
export class RecordReader {
  readonly #bytes: Buffer;
  readonly #key: string;
  readonly #end: number;
  #position = 0;

  constructor(key: string, value: unknown) {
    this.#key = key;
    if (!(value instanceof Uint8Array) || value.length < CHECKSUM_BYTES) {
      throw damaged(key, value === undefined ? 'is missing' : 'is cut off');
    }
    this.#bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    this.#end = value.length - CHECKSUM_BYTES;
    const sum = crc32(this.#bytes.subarray(0, this.#end), crc32(key));
    if (sum !== this.#bytes.readUInt32BE(this.#end)) {
      throw damaged(key, 'is not what was written: its checksum is wrong');
    }
  }

  get isAtEnd(): boolean {
    return this.#position === this.#end;
  }

  byte(): number {
    if (this.#position >= this.#end) throw damaged(this.#key, 'is too short');
    return this.#bytes[this.#position++] as number;
  }

  varint(): number {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  text(): string {
    const from = this.#skip(this.varint());
    return this.#bytes.toString('utf8', from, this.#position);
  }

  /** A copy: a record that is held must not keep the others of its pack in memory. */
  blob(): Uint8Array {
    return this.#copyFrom(this.#skip(this.varint()));
  }

  /** All that is left, as a copy. */
  rest(): Uint8Array {
    return this.#copyFrom(this.#skip(this.#end - this.#position));
  }

  #skip(length: number): number {
    const from = this.#position;
    if (from + length > this.#end) throw damaged(this.#key, 'is too short');
    this.#position = from + length;
    return from;
  }

  #copyFrom(from: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(from, this.#position));
  }
}

/** The record under this key can not be believed. */
export function damaged(key: string, what: string): WilcoError {
  return new WilcoError('WILCO_STORE_DAMAGED', `the record ${key} ${what}`);
}
