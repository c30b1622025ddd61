import { crc32 } from 'node:zlib';
import { WilcoError } from '@wilco/protocol';
import { CHECKSUM_BYTES } from './record-writer.ts';

const UTF8_IN = new TextEncoder();
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a record that {@link RecordWriter} wrote, after its checksum was compared.
 *
 * @throws {@link WilcoError} `WILCO_STORE_DAMAGED` when the record is not what was written
 * under its key.
 */
export class RecordReader {
  readonly #bytes: Uint8Array;
  readonly #key: string;
  readonly #end: number;
  #position = 0;

  constructor(key: string, value: unknown) {
    this.#key = key;
    if (!(value instanceof Uint8Array) || value.length < CHECKSUM_BYTES) {
      throw damaged(key, value === undefined ? 'is missing' : 'is cut off');
    }
    this.#bytes = value;
    this.#end = value.length - CHECKSUM_BYTES;
    const body = value.subarray(0, this.#end);
    if (crc32(body, crc32(UTF8_IN.encode(key))) !== readSum(value, this.#end)) {
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
    return UTF8.decode(this.#take(this.varint()));
  }

  /** A copy: a record that is held must not keep the others of its pack in memory. */
  blob(): Uint8Array {
    return new Uint8Array(this.#take(this.varint()));
  }

  /** All that is left, as a copy. */
  rest(): Uint8Array {
    return new Uint8Array(this.#take(this.#end - this.#position));
  }

  #take(length: number): Uint8Array {
    const from = this.#position;
    if (from + length > this.#end) throw damaged(this.#key, 'is too short');
    this.#position = from + length;
    return this.#bytes.subarray(from, from + length);
  }
}

/** The record under this key can not be believed. */
export function damaged(key: string, what: string): WilcoError {
  return new WilcoError('WILCO_STORE_DAMAGED', `the record ${key} ${what}`);
}

function readSum(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
}
