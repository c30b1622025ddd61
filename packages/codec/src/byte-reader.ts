import { Buffer } from 'node:buffer';
import { WilcoError } from '@wilco/protocol';
import { readUtf8 } from './text.ts';
import { VARINT_MAX_BYTES } from './varint.ts';
import { nameOfHead } from './wire.ts';

const NOTHING = new Uint8Array(0);

/**
 * Reads the body of one frame after another. Every method throws `WILCO_FRAME_MALFORMED`
 * where the bytes break a rule; none reads beyond the end.
 */
export class ByteReader {
  #bytes: Uint8Array = NOTHING;
  /** Asked of the bytes once, not for each frame: it takes a call out of JavaScript. */
  #buffer: ArrayBufferLike = NOTHING.buffer;
  #position = 0;
  #end = 0;
  #head = 0;

  /** Goes to the body `bytes[start, end)` of a frame with this head. */
  reset(bytes: Uint8Array, start: number, end: number, head: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#buffer = bytes.buffer;
    }
    this.#position = start;
    this.#end = end;
    this.#head = head;
  }

  /** Lets go of the bytes. */
  release(): void {
    this.reset(NOTHING, 0, 0, 0);
  }

  get head(): number {
    return this.#head;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  byte(what: string): number {
    if (this.#position >= this.#end) throw this.malformed(`${what} is missing`);
    return this.#bytes[this.#position++] as number;
  }

  varint(what: string): number {
    if (this.#position < this.#end) {
      const byte = this.#bytes[this.#position] as number;
      if (byte < 0x80) {
        this.#position += 1;
        return byte;
      }
    }
    return this.#longVarint(what);
  }

  /** A varint with a range. */
  number(what: string, least: number, most: number): number {
    const value = this.varint(what);
    if (value >= least && value <= most) return value;
    throw this.malformed(`${what} is ${String(value)}, wanted ${String(least)} to ${String(most)}`);
  }

  /** A seq or position: from 1. */
  seq(what: string): number {
    const value = this.varint(what);
    if (value === 0) throw this.malformed(`${what} is 0, wanted 1 or more`);
    return value;
  }

  /** A count of things that take at least `bytesEach` bytes and may be `most`. */
  count(what: string, most: number, bytesEach: number): number {
    const count = this.number(what, 0, most);
    if (count * bytesEach > this.remaining) {
      throw this.malformed(`${what} is ${String(count)}, more than its bytes can hold`);
    }
    return count;
  }

  /** A byte that is the place of a value in a list. */
  choice<Value>(what: string, values: readonly Value[]): Value {
    return this.chosen(what, values, this.byte(what));
  }

  /** The value that a number stands for. */
  chosen<Value>(what: string, values: readonly Value[], place: number): Value {
    if (place >= values.length)
      throw this.malformed(`${what} is ${String(place)}, which means nothing`);
    return values[place] as Value;
  }

  /** A byte in which only these bits may be set. */
  flags(what: string, allowed: number): number {
    const flags = this.byte(what);
    if ((flags & ~allowed) !== 0) throw this.malformed(`${what} have reserved bits set`);
    return flags;
  }

  /** 16 bytes, as hexadecimal digits. */
  id(what: string): string {
    const start = this.#take(what, 16);
    // In one piece: put together of parts, it would take several times the memory for good.
    return Buffer.from(this.#buffer, this.#bytes.byteOffset + start, 16).toString('hex');
  }

  /** A count of bytes, then as many of UTF-8. */
  text(what: string, least: number, most: number): string {
    const count = this.number(`the size of ${what}`, least, most);
    return this.textOf(what, count);
  }

  /** UTF-8 of this size. */
  textOf(what: string, count: number): string {
    const start = this.#take(what, count);
    const text = readUtf8(this.#bytes, start, this.#position);
    if (text === undefined) throw this.malformed(`${what} is not UTF-8`);
    return text;
  }

  /** A copy of the next bytes. */
  copy(what: string, count: number): Uint8Array {
    const start = this.#take(what, count);
    return this.#bytes.slice(start, this.#position);
  }

  /** A view of the next bytes: valid only while what was pushed is. */
  view(what: string, count: number): Uint8Array {
    const start = this.#take(what, count);
    return new Uint8Array(this.#buffer, this.#bytes.byteOffset + start, count);
  }

  /** A view of what is left. */
  rest(what: string, most: number): Uint8Array {
    const count = this.remaining;
    if (count > most)
      throw this.malformed(`${what} has ${String(count)} bytes, wanted at most ${String(most)}`);
    return this.view(what, count);
  }

  /**
   * Makes the next `count` bytes all there is, until {@link leave} is called with what
   * this returns.
   */
  enter(what: string, count: number): number {
    if (count > this.remaining) throw this.malformed(`${what} goes beyond the end`);
    const outerEnd = this.#end;
    this.#end = this.#position + count;
    return outerEnd;
  }

  /** Ends what {@link enter} began; everything in it must have been read. */
  leave(what: string, outerEnd: number): void {
    this.end(what);
    this.#end = outerEnd;
  }

  /** Nothing may be left. */
  end(what: string): void {
    if (this.remaining > 0) {
      throw this.malformed(`${String(this.remaining)} bytes are left behind ${what}`);
    }
  }

  malformed(detail: string): WilcoError {
    return new WilcoError('WILCO_FRAME_MALFORMED', `${nameOfHead(this.#head)}: ${detail}`);
  }

  #take(what: string, count: number): number {
    if (count > this.remaining) {
      throw this.malformed(
        `${what} wants ${String(count)} bytes, ${String(this.remaining)} are left`,
      );
    }
    const start = this.#position;
    this.#position += count;
    return start;
  }

  #longVarint(what: string): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < VARINT_MAX_BYTES; i++) {
      if (this.#position >= this.#end) throw this.malformed(`${what} is cut off`);
      const byte = this.#bytes[this.#position++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return this.#checkedVarint(what, value, byte);
      factor *= 0x80;
    }
    throw this.malformed(`${what} has more than ${String(VARINT_MAX_BYTES)} bytes`);
  }

  /** Only varints of two bytes and more come here. */
  #checkedVarint(what: string, value: number, lastByte: number): number {
    if (lastByte === 0) throw this.malformed(`${what} is longer than it needs to be`);
    if (value > Number.MAX_SAFE_INTEGER) throw this.malformed(`${what} is more than 2^53 - 1`);
    return value;
  }
}
