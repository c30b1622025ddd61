import { encodeTimestampExtension, EXT_TIMESTAMP } from '@msgpack/msgpack';
import { utf8Length } from '@wilco/protocol';
import { writeUtf8 } from '../text.ts';
import { DEPTH_MAX, TYPE_UNDEFINED } from './built-in-types.ts';
import { isPlainArray, isPlainObject, PROTOTYPE_KEY } from './plain-values.ts';
import { strayKey } from './stray-keys.ts';

/** Small bodies wait in the outbox side by side: one that waits long keeps no more than this of others. */
const SLAB_BYTES = 4 * 1024;
/** A larger body is not for here. */
const MOST_BYTES = 64 * 1024;
/** What a value without text takes at most: a date. */
const VALUE_BYTES = 15;
const NOTHING = new Uint8Array(0);

/**
 * Writes a body of plain objects, arrays, strings, numbers, booleans and dates as MessagePack in one
 * walk, with all checks. It is the short way for what most bodies are: anything else, and
 * anything that is to be refused, is left to the library and those who prepare for it, byte for
 * byte as if this were not here.
 */
export class PlainWriter {
  #bytes = NOTHING;
  #view = new DataView(NOTHING.buffer);
  /** Where the body begins: what is before belongs to others, for good. */
  #start = 0;
  #position = 0;
  /** A getter of a body may encode another one. */
  #isWriting = false;
  /** Whether dates are what they are everywhere, and no extension has to be asked. */
  readonly #takesDates: boolean;

  constructor(takesDates: boolean) {
    this.#takesDates = takesDates;
  }

  /** The bytes, which belong to the caller; `undefined`: go the long way. */
  write(body: unknown): Uint8Array | undefined {
    if (this.#isWriting) return undefined;
    this.#isWriting = true;
    this.#position = this.#start;
    try {
      return this.#value(body, 1) ? this.#take() : undefined;
    } finally {
      this.#isWriting = false;
    }
  }

  /** One that is large for its slab gets memory of its own, and the slab serves others. */
  #take(): Uint8Array {
    const [start, end] = [this.#start, this.#position];
    if ((end - start) * 4 > SLAB_BYTES) {
      const whole = this.#bytes.slice(start, end);
      if (this.#bytes.length > SLAB_BYTES) this.#begin(NOTHING);
      return whole;
    }
    this.#start = end;
    return new Uint8Array(this.#bytes.buffer, start, end - start);
  }

  #begin(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#start = 0;
  }

  /** Every step says whether it could write all of it. */
  #value(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#byte(value ? 0xc3 : 0xc2);
      case 'object':
        return value === null ? this.#byte(0xc0) : this.#container(value, depth);
      case 'undefined':
        return this.#byte(0xc7) && this.#byte(0) && this.#byte(TYPE_UNDEFINED);
      default:
        return false;
    }
  }

  #container(value: object, depth: number): boolean {
    if (depth > DEPTH_MAX) return false;
    if (Array.isArray(value)) {
      return isPlainArray(value) && strayKey(value) === undefined && this.#array(value, depth);
    }
    if (!isPlainObject(value)) return this.#date(value);
    return Object.getOwnPropertySymbols(value).length === 0 && this.#object(value, depth);
  }

  #array(array: readonly unknown[], depth: number): boolean {
    if (!this.#size(array.length, 0x90, 0xdc)) return false;
    // A getter may change it on the way.
    const { length } = array;
    for (let i = 0; i < length; i++) if (!this.#value(array[i], depth + 1)) return false;
    return true;
  }

  #object(object: Record<string, unknown>, depth: number): boolean {
    const keys = Object.keys(object);
    if (!this.#size(keys.length, 0x80, 0xde)) return false;
    for (const key of keys) {
      if (key === PROTOTYPE_KEY || !this.#text(key)) return false;
      if (!this.#value(object[key], depth + 1)) return false;
    }
    return true;
  }

  #date(value: object): boolean {
    if (!this.#takesDates || Object.getPrototypeOf(value) !== Date.prototype) return false;
    const timestamp = encodeTimestampExtension(value);
    if (!(timestamp instanceof Uint8Array) || Number.isNaN((value as Date).getTime())) return false;
    const { length } = timestamp;
    if (!this.#hasRoom(VALUE_BYTES)) return false;
    // 4 and 8 bytes have heads of their own.
    this.#byte(length === 4 ? 0xd6 : length === 8 ? 0xd7 : 0xc7);
    if (length > 8) this.#byte(length);
    this.#byte(EXT_TIMESTAMP & 0xff);
    this.#bytes.set(timestamp, this.#position);
    this.#position += length;
    return true;
  }

  /** How many items follow: in the head itself, or in two bytes. */
  #size(count: number, fixedHead: number, longHead: number): boolean {
    if (count > 0xffff || !this.#hasRoom(VALUE_BYTES)) return false;
    if (count < 16) return this.#byte(fixedHead + count);
    this.#byte(longHead);
    this.#view.setUint16(this.#position, count);
    this.#position += 2;
    return true;
  }

  #text(text: string): boolean {
    const { length } = text;
    // Three bytes a unit, at most.
    if (!this.#hasRoom(3 * length + VALUE_BYTES)) return false;
    if (length >= 32) return this.#longText(text);
    const start = this.#position;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return this.#longText(text);
      bytes[start + 1 + i] = unit;
    }
    bytes[start] = 0xa0 + length;
    this.#position = start + 1 + length;
    return true;
  }

  #longText(text: string): boolean {
    if (!text.isWellFormed() || text.charCodeAt(0) === BYTE_ORDER_MARK) return false;
    const length = utf8Length(text);
    if (length < 32) this.#byte(0xa0 + length);
    else if (length < 0x100) {
      this.#byte(0xd9);
      this.#byte(length);
    } else if (length < 0x10000) {
      this.#byte(0xda);
      this.#view.setUint16(this.#position, length);
      this.#position += 2;
    } else return false;
    writeUtf8(this.#bytes, this.#position, text, length);
    this.#position += length;
    return true;
  }

  #number(value: number): boolean {
    if (!this.#hasRoom(VALUE_BYTES)) return false;
    if (value >= 0 && value < 0x80 && Number.isInteger(value)) {
      return (value !== 0 || 1 / value > 0) && this.#byte(value);
    }
    if (Number.isInteger(value) && value >= -0x8000_0000 && value <= 0xffff_ffff) {
      return this.#integer(value);
    }
    this.#byte(0xcb);
    this.#view.setFloat64(this.#position, value);
    this.#position += 8;
    return true;
  }

  #integer(value: number): boolean {
    if (value >= -0x20 && value < 0) return this.#byte(value & 0xff);
    const isSigned = value < 0;
    const magnitude = isSigned ? -value - 1 : value / 2;
    const [head, bytes] = magnitude < 0x80 ? [0, 1] : magnitude < 0x8000 ? [1, 2] : [2, 4];
    this.#byte((isSigned ? 0xd0 : 0xcc) + head);
    if (bytes === 1) this.#view.setUint8(this.#position, value & 0xff);
    else if (bytes === 2) this.#view.setUint16(this.#position, value & 0xffff);
    else this.#view.setUint32(this.#position, value >>> 0);
    this.#position += bytes;
    return true;
  }

  #byte(value: number): boolean {
    if (!this.#hasRoom(1)) return false;
    this.#bytes[this.#position++] = value;
    return true;
  }

  #hasRoom(count: number): boolean {
    if (this.#position + count <= this.#bytes.length) return true;
    const needed = this.#position - this.#start + count;
    if (needed > MOST_BYTES) return false;
    const written = this.#bytes.subarray(this.#start, this.#position);
    this.#begin(new Uint8Array(Math.max(2 * needed, SLAB_BYTES)));
    this.#bytes.set(written);
    this.#position = written.length;
    return true;
  }
}

/** A decoder may take one at the beginning of a string for no part of it. */
const BYTE_ORDER_MARK = 0xfeff;
