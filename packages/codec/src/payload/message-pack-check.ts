import { WilcoError } from '@wilco/protocol';
import { isUtf8 } from './utf8.ts';
import { DEPTH_MAX, TYPE_ERROR, TYPE_MAP, TYPE_SET } from './built-in-types.ts';

/**
 * Goes through the bytes of a payload before they are decoded, without allocating anything.
 *
 * Decoding allocates what counts announce and follows nesting where it leads, so both are
 * checked here: everything announced is there, nothing is left over, nothing is nested too
 * deep, strings are UTF-8, keys are strings that change no prototype. What is inside our
 * containers (maps, sets, errors) is checked in the same way. A byte can announce an object
 * of 60 bytes, and four a container of 190, so there is a limit on their number as well.
 *
 * @param maxObjects - How many arrays, objects, binaries and extension values it may have.
 * @returns whether a binary or extension value in it is less than half of all.
 * @throws {@link WilcoError} `WILCO_PAYLOAD_INVALID`.
 */
export function checkMessagePack(bytes: Uint8Array, maxObjects: number): boolean {
  const check = new Check(bytes, maxObjects);
  check.run();
  return check.hasSmallBinary;
}

class Check {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #maxObjects: number;
  #objects = 0;
  #position = 0;
  #end: number;
  hasSmallBinary = false;

  constructor(bytes: Uint8Array, maxObjects: number) {
    this.#bytes = bytes;
    this.#maxObjects = maxObjects;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#end = bytes.length;
  }

  run(): void {
    this.#value(1);
    if (this.#position < this.#end) throw this.#invalid('bytes are left over');
  }

  #value(depth: number): void {
    const head = this.#uint8();
    if (head < 0x80 || head >= 0xe0) return;
    if (head < 0x90) {
      this.#map(head & 0x0f, depth);
      return;
    }
    if (head < 0xa0) {
      this.#array(head & 0x0f, depth);
      return;
    }
    if (head < 0xc0) {
      this.#string(head & 0x1f);
      return;
    }
    this.#long(head, depth);
  }

  #long(head: number, depth: number): void {
    switch (head) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return;
      case 0xc4:
      case 0xc5:
      case 0xc6: {
        this.#binary(this.#uint(head - 0xc4));
        return;
      }
      case 0xc7:
      case 0xc8:
      case 0xc9: {
        this.#extension(this.#uint(head - 0xc7), depth);
        return;
      }
      case 0xd9:
      case 0xda:
      case 0xdb: {
        this.#string(this.#uint(head - 0xd9));
        return;
      }
      case 0xdc:
      case 0xdd: {
        this.#array(this.#uint(head - 0xdb), depth);
        return;
      }
      case 0xde:
      case 0xdf: {
        this.#map(this.#uint(head - 0xdd), depth);
        return;
      }
      default: {
        this.#fixed(head, depth);
        return;
      }
    }
  }

  /** Numbers, and extensions whose size the head says. */
  #fixed(head: number, depth: number): void {
    if (head === 0xca || head === 0xcb) {
      this.#skip(head === 0xca ? 4 : 8);
      return;
    }
    if (head >= 0xcc && head <= 0xcf) {
      this.#skip(1 << (head - 0xcc));
      return;
    }
    if (head >= 0xd0 && head <= 0xd3) {
      this.#skip(1 << (head - 0xd0));
      return;
    }
    if (head >= 0xd4 && head <= 0xd8) {
      this.#extension(1 << (head - 0xd4), depth);
      return;
    }
    throw this.#invalid(`0x${head.toString(16)} begins no value`);
  }

  #array(count: number, depth: number): void {
    this.#enter(count, depth);
    for (let i = 0; i < count; i++) this.#value(depth + 1);
  }

  #map(count: number, depth: number): void {
    this.#enter(2 * count, depth);
    for (let i = 0; i < count; i++) {
      this.#key();
      this.#value(depth + 1);
    }
  }

  #enter(count: number, depth: number): void {
    this.#countObject();
    if (depth > DEPTH_MAX)
      throw this.#invalid(`it is nested deeper than ${String(DEPTH_MAX)} levels`);
    // A value takes a byte at least.
    if (count > this.#end - this.#position)
      throw this.#invalid(`${String(count)} values can't be in it`);
  }

  #key(): void {
    const head = this.#uint8();
    let count: number;
    if (head >= 0xa0 && head < 0xc0) count = head & 0x1f;
    else if (head >= 0xd9 && head <= 0xdb) count = this.#uint(head - 0xd9);
    else throw this.#invalid('a key is no string');
    this.#string(count);
    if (count === PROTOTYPE_KEY.length && this.#isPrototypeKey()) {
      throw this.#invalid("a key is '__proto__'");
    }
  }

  /** Whether the key that ends here is the one that must not be assigned. */
  #isPrototypeKey(): boolean {
    const start = this.#position - PROTOTYPE_KEY.length;
    return PROTOTYPE_KEY.every((byte, i) => this.#bytes[start + i] === byte);
  }

  #string(count: number): void {
    const start = this.#position;
    this.#skip(count);
    if (!isUtf8(this.#bytes, start, this.#position)) throw this.#invalid('a string is not UTF-8');
  }

  #binary(count: number): void {
    this.#countObject();
    this.#skip(count);
    if (2 * count < this.#bytes.length) this.hasSmallBinary = true;
  }

  #extension(count: number, depth: number): void {
    const type = this.#uint8();
    const start = this.#position;
    this.#binary(count);
    if (type !== TYPE_MAP && type !== TYPE_SET && type !== TYPE_ERROR) return;
    const outerEnd = this.#end;
    const innerEnd = this.#position;
    this.#position = start;
    this.#end = innerEnd;
    // The container and the array or object that it is made of are one level.
    this.#value(depth);
    if (this.#position < innerEnd) throw this.#invalid('bytes are left over in a container');
    this.#end = outerEnd;
  }

  #countObject(): void {
    this.#objects += 1;
    if (this.#objects <= this.#maxObjects) return;
    throw this.#invalid(
      `it has more than ${String(this.#maxObjects)} arrays, objects, binaries and extension values (maxObjects)`,
    );
  }

  #skip(count: number): void {
    if (count > this.#end - this.#position) throw this.#invalid('it is cut off');
    this.#position += count;
  }

  #uint8(): number {
    const start = this.#position;
    this.#skip(1);
    return this.#bytes[start] as number;
  }

  /** An integer of 1, 2 or 4 bytes: `size` 0, 1 or 2. */
  #uint(size: number): number {
    const start = this.#position;
    this.#skip(1 << size);
    if (size === 0) return this.#view.getUint8(start);
    return size === 1 ? this.#view.getUint16(start) : this.#view.getUint32(start);
  }

  #invalid(why: string): WilcoError {
    return new WilcoError(
      'WILCO_PAYLOAD_INVALID',
      `the payload is no MessagePack of ours: ${why}, at byte ${String(this.#position)}`,
    );
  }
}

const PROTOTYPE_KEY = Uint8Array.from('__proto__', (character) => character.charCodeAt(0));
