/** Reads the primitives of PROTOCOL.md, section 2.1, from the body of a frame. */
import { hexOf } from './plain-encoder.mjs';

/** What a rule of the protocol calls an error. Never leaves the decoder. */
export class Broken extends Error {
  constructor(rule, code = 'WILCO_FRAME_MALFORMED') {
    super(`${rule}: ${code}`);
    this.rule = rule;
    this.code = code;
  }
}

/** A place in some bytes that only moves forward. */
export class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get isAtEnd() {
    return this.#at === this.#bytes.length;
  }

  take(count) {
    if (count > this.#bytes.length - this.#at) throw new Broken('W-2');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  rest() {
    return this.take(this.#bytes.length - this.#at);
  }

  byte() {
    return this.take(1)[0];
  }

  /** A varint within a range. */
  varint(least = 0, most = Number.MAX_SAFE_INTEGER) {
    let value = 0n;
    for (let i = 0n; i < 8n; i += 1n) {
      const next = this.byte();
      value += BigInt(next % 128) << (7n * i);
      if (next < 128) {
        if ((next === 0 && i > 0n) || value > BigInt(Number.MAX_SAFE_INTEGER))
          throw new Broken('W-1');
        if (value < BigInt(least) || value > BigInt(most)) throw new Broken('W-4');
        return Number(value);
      }
    }
    throw new Broken('W-1');
  }

  seq() {
    return this.varint(1);
  }

  duration() {
    return this.varint(0, 0x7fff_ffff);
  }

  after() {
    const value = this.varint(0, 0x8000_0000);
    return value === 0 ? undefined : value - 1;
  }

  hex(count) {
    return hexOf(this.take(count));
  }

  blob(least = 0, most = Infinity) {
    const count = this.varint();
    const bytes = this.take(count);
    if (count < least || count > most) throw new Broken('W-4');
    return bytes;
  }

  text(least, most) {
    return textOf(this.blob(least, most));
  }

  /** One of some names, by its number. `undefined` in the list stands for a number without one. */
  choice(names) {
    const name = names[this.byte()];
    if (name === undefined) throw new Broken('W-4');
    return name;
  }

  /** A list of at most `most` items. */
  list(most, readItem) {
    const count = this.varint();
    if (count > most) throw new Broken('W-4');
    return Array.from({ length: count }, () => readItem());
  }

  /** A list of channels, ascending. */
  channels(readItem) {
    const items = this.list(64, readItem);
    for (let i = 1; i < items.length; i += 1) {
      if (items[i].channel <= items[i - 1].channel) throw new Broken('W-6');
    }
    return items;
  }

  /**
   * All fields to the end. `known` has a function for each tag that the frame has;
   * what others there are goes to `onUnknown`.
   */
  fields(known = {}, onUnknown = refuseCritical) {
    let last = 0;
    let unknown = 0;
    while (!this.isAtEnd) {
      const tag = this.varint();
      const value = this.blob();
      if (tag <= last) throw new Broken('W-3');
      last = tag;
      if (known[tag]) {
        known[tag](value);
      } else {
        unknown += 1;
        if (unknown > 16) throw new Broken('W-3');
        onUnknown(tag, value);
      }
    }
  }
}

/** Checks that bytes are well-formed UTF-8 and gives the string. */
export function textOf(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Broken('W-2');
  }
}

function refuseCritical(tag) {
  if (tag % 2 === 1) throw new Broken('W-3');
}
