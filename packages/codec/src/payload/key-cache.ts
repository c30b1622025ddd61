import { readUtf8 } from '../text.ts';

const PLACES = 512;

/** A key that came before, and its bytes. */
interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * The keys of objects come again and again: each is made a string once. There is a place for
 * each of some hundred keys, and a new one takes the place of an old one, so whatever a peer
 * sends it remains small.
 */
export class KeyCache {
  readonly #places: (Known | undefined)[] = new Array<Known | undefined>(PLACES);

  /** The key in `bytes[start, end)`, or `undefined` where that is not UTF-8. */
  read(bytes: Uint8Array, start: number, end: number): string | undefined {
    let place = end - start;
    for (let i = start; i < end; i++) place = (place * 31 + (bytes[i] as number)) | 0;
    place &= PLACES - 1;
    const known = this.#places[place];
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.text;
    const text = readUtf8(bytes, start, end);
    if (text !== undefined) this.#places[place] = { bytes: bytes.slice(start, end), text };
    return text;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const { length } = known;
  if (length !== end - start) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
