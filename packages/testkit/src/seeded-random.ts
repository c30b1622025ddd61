import type { Random } from '@wilco/endpoint';

/**
 * Randomness that a seed repeats exactly (sfc32: fast, and good enough for tests; not
 * for secrets). Give each actor a stream of its own with {@link split}: then what one
 * draws does not change what another gets.
 */
export class SeededRandom implements Random {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number | string) {
    this.#seed = String(seed);
    this.#a = hash(this.#seed, 0x811c_9dc5);
    this.#b = hash(this.#seed, 0x9e37_79b9);
    this.#c = hash(this.#seed, 0x85eb_ca6b);
    for (let round = 0; round < 12; round++) this.#next();
  }

  /** A stream of its own, named; the same name gives the same stream. */
  split(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`);
  }

  fraction(): number {
    return this.#next() / 0x1_0000_0000;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index++) bytes[index] = this.#next() & 0xff;
    return bytes;
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of the items. @throws TypeError when there is none. */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new TypeError('nothing to pick from');
    return items[this.int(0, items.length - 1)] as Item;
  }

  /** A whole number from 1 to `most`, small ones far more often: each size of number equally. */
  skewed(most: number): number {
    return Math.max(1, Math.floor(Math.exp(this.fraction() * Math.log(most + 1))));
  }

  /** The items in another order. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let index = shuffled.length - 1; index > 0; index--) {
      const other = this.int(0, index);
      const item = shuffled[index] as Item;
      shuffled[index] = shuffled[other] as Item;
      shuffled[other] = item;
    }
    return shuffled;
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}

/** FNV-1a over the UTF-16 units, with a final mix. */
function hash(text: string, basis: number): number {
  let value = basis;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x0100_0193);
  }
  value = Math.imul(value ^ (value >>> 15), 0x2c1b_3c6d);
  return (value ^ (value >>> 13)) | 0;
}
