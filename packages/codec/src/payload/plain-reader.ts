import { decodeTimestampExtension, EXT_TIMESTAMP } from '@msgpack/msgpack';
import { readUtf8 } from '../text.ts';
import { DEPTH_MAX, TYPE_UNDEFINED } from './built-in-types.ts';
import { KeyCache } from './key-cache.ts';
import { PROTOTYPE_KEY } from './plain-values.ts';

/** What no body decodes to. */
export const NOT_PLAIN = Symbol('not plain');

/** A container of so many items or more is left to the long way. */
const ITEMS_MAX = 0xffff;
const NOTHING = new Uint8Array(0);
const FLOAT_BYTES = new Uint8Array(8);
const FLOAT = new DataView(FLOAT_BYTES.buffer);

/**
 * Reads a body of plain objects, arrays, strings, numbers, booleans and dates in one walk, with all
 * checks. Anything else, and anything that is to be refused, is left to the check and the
 * library, which begin anew: what comes of a payload is the same as if this were not here.
 */
export class PlainReader {
  readonly #maxObjects: number;
  readonly #keys = new KeyCache();
  #bytes: Uint8Array = NOTHING;
  #position = 0;
  #objects = 0;

  /** @param maxObjects - How many arrays and objects a body may have. */
  constructor(maxObjects: number) {
    this.#maxObjects = maxObjects;
  }

  /** The body, or {@link NOT_PLAIN}: go the long way. */
  read(bytes: Uint8Array): unknown {
    this.#bytes = bytes;
    this.#position = 0;
    this.#objects = 0;
    const value = this.#value(1);
    const isWhole = this.#position === bytes.length;
    this.#bytes = NOTHING;
    return isWhole ? value : NOT_PLAIN;
  }

  #value(depth: number): unknown {
    const bytes = this.#bytes;
    if (this.#position >= bytes.length) return NOT_PLAIN;
    const head = bytes[this.#position++] as number;
    if (head < 0x80) return head;
    if (head < 0x90) return this.#object(head & 0x0f, depth);
    if (head < 0xa0) return this.#array(head & 0x0f, depth);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    return this.#long(head, depth);
  }

  #long(head: number, depth: number): unknown {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xcb:
        return this.#float();
      case 0xcc:
        return this.#uint(1);
      case 0xcd:
        return this.#uint(2);
      case 0xce:
        return this.#uint(4);
      case 0xd0:
        return this.#int(1);
      case 0xd1:
        return this.#int(2);
      case 0xd2:
        return this.#int(4);
      default:
        return this.#longer(head, depth);
    }
  }

  #longer(head: number, depth: number): unknown {
    const bytes = head === 0xd9 ? 1 : 2;
    if (head === 0xd6) return this.#extension(4);
    if (head === 0xd7) return this.#extension(8);
    if (head === 0xc7) return this.#extension(this.#uint(1));
    if (head !== 0xd9 && head !== 0xda && head !== 0xdc && head !== 0xde) return NOT_PLAIN;
    const count = this.#uint(bytes);
    if (typeof count === 'symbol') return NOT_PLAIN;
    if (head === 0xdc) return this.#array(count, depth);
    return head === 0xde ? this.#object(count, depth) : this.#text(count);
  }

  #object(count: number, depth: number): unknown {
    if (!this.#enters(2 * count, depth)) return NOT_PLAIN;
    const object: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const key = this.#key();
      if (key === undefined || key === PROTOTYPE_KEY) return NOT_PLAIN;
      const value = this.#value(depth + 1);
      if (value === NOT_PLAIN) return NOT_PLAIN;
      object[key] = value;
    }
    return object;
  }

  #array(count: number, depth: number): unknown {
    if (!this.#enters(count, depth)) return NOT_PLAIN;
    const array = new Array<unknown>(count);
    for (let i = 0; i < count; i++) {
      const value = this.#value(depth + 1);
      if (value === NOT_PLAIN) return NOT_PLAIN;
      array[i] = value;
    }
    return array;
  }

  /** Whether there may be such a container: what it announces can be there, at least. */
  #enters(count: number, depth: number): boolean {
    this.#objects += 1;
    if (this.#objects > this.#maxObjects || depth > DEPTH_MAX || count > ITEMS_MAX) return false;
    return count <= this.#bytes.length - this.#position;
  }

  #key(): string | undefined {
    const start = this.#position;
    if (start >= this.#bytes.length) return undefined;
    const count = (this.#bytes[start] as number) - 0xa0;
    // Longer keys are seldom.
    if (count < 0 || count >= 32) return undefined;
    const end = start + 1 + count;
    if (end > this.#bytes.length) return undefined;
    this.#position = end;
    return this.#keys.read(this.#bytes, start + 1, end);
  }

  /** A date, or `undefined`. */
  #extension(count: number | typeof NOT_PLAIN): unknown {
    const type = this.#uint(1);
    this.#objects += 1;
    if (this.#objects > this.#maxObjects || typeof count === 'symbol') return NOT_PLAIN;
    if (count === 0 && type === TYPE_UNDEFINED) return undefined;
    const start = this.#take(count);
    if (start < 0 || count === 0 || type !== (EXT_TIMESTAMP & 0xff)) return NOT_PLAIN;
    if (count !== 4 && count !== 8 && count !== 12) return NOT_PLAIN;
    const date = decodeTimestampExtension(this.#bytes.subarray(start, start + count));
    return Number.isNaN(date.getTime()) ? NOT_PLAIN : date;
  }

  #text(count: number): unknown {
    const start = this.#position;
    const end = start + count;
    if (end > this.#bytes.length) return NOT_PLAIN;
    this.#position = end;
    // The library may take a byte order mark for no part of the text.
    if (count > 2 && this.#bytes[start] === 0xef) return NOT_PLAIN;
    return readUtf8(this.#bytes, start, end) ?? NOT_PLAIN;
  }

  #uint(count: number): number | typeof NOT_PLAIN {
    const start = this.#take(count);
    if (start < 0) return NOT_PLAIN;
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 0x100 + (this.#bytes[start + i] as number);
    return value;
  }

  #int(count: number): unknown {
    const value = this.#uint(count);
    if (typeof value === 'symbol') return NOT_PLAIN;
    const range = 2 ** (8 * count);
    return value < range / 2 ? value : value - range;
  }

  #float(): unknown {
    const start = this.#take(8);
    if (start < 0) return NOT_PLAIN;
    for (let i = 0; i < 8; i++) FLOAT_BYTES[i] = this.#bytes[start + i] as number;
    return FLOAT.getFloat64(0);
  }

  /** Where the next bytes begin, or -1 where they are not there. */
  #take(count: number): number {
    const start = this.#position;
    if (start + count > this.#bytes.length) return -1;
    this.#position = start + count;
    return start;
  }
}
