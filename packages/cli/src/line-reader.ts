/** One line of the input. */
export interface InputLine {
  /** Its place in the input, from 0; empty lines count. */
  readonly number: number;
  /** Without its end. `undefined` where it is longer than what may be sent. */
  readonly bytes: Uint8Array | undefined;
  /** How many bytes it has. */
  readonly size: number;
  /** How many bytes of the input end with it, its own end included. */
  readonly endOffset: number;
}

/** Where in its input a reader begins. */
export interface LinePlace {
  /** How many lines came before. */
  readonly number: number;
  /** How many bytes came before. */
  readonly offset: number;
}

/** Where an input begins. */
export const BEGINNING: LinePlace = { number: 0, offset: 0 };
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Cuts a stream of bytes into lines, wherever its pieces begin and end. A line ends with a line
 * feed, with or without a carriage return before it; the last one needs no end. Empty lines
 * are counted and left out, and so is a byte order mark at the beginning.
 *
 * Never holds more than `maxBytes` of one line: of a longer one only the size is told.
 *
 * @param start - Where in the input the first piece begins.
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
  start = BEGINNING,
): AsyncGenerator<InputLine> {
  const reader = new LineReader(maxBytes, start);
  for await (const piece of pieces) yield* reader.push(piece);
  yield* reader.end();
}

class LineReader {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  #size = 0;
  #number: number;
  #endOffset: number;

  constructor(maxBytes: number, start: LinePlace) {
    this.#maxBytes = maxBytes;
    this.#number = start.number;
    this.#endOffset = start.offset;
  }

  *push(piece: Uint8Array): Generator<InputLine> {
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, start)) {
      this.#hold(piece.subarray(start, end));
      yield* this.#finish(1);
      start = end + 1;
    }
    this.#hold(piece.subarray(start));
  }

  *end(): Generator<InputLine> {
    if (this.#size > 0) yield* this.#finish(0);
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#size += bytes.length;
    // A little more: a byte order mark and a carriage return are no part of the line.
    if (this.#heldBytes > this.#maxBytes + BYTE_ORDER_MARK.length) return;
    this.#pieces.push(bytes);
    this.#heldBytes += bytes.length;
  }

  *#finish(endBytes: number): Generator<InputLine> {
    this.#endOffset += this.#size + endBytes;
    const line = this.#take(this.#size);
    const number = this.#number;
    this.#number += 1;
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#size = 0;
    if (line.size > 0) yield { number, ...line, endOffset: this.#endOffset };
  }

  #take(size: number): Pick<InputLine, 'bytes' | 'size'> {
    if (this.#heldBytes < size) return { bytes: undefined, size };
    const [only] = this.#pieces;
    const whole =
      this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    const start = this.#number === 0 && hasByteOrderMark(whole) ? BYTE_ORDER_MARK.length : 0;
    const end = whole.at(-1) === CARRIAGE_RETURN ? whole.length - 1 : whole.length;
    const bytes = whole.subarray(start, Math.max(start, end));
    const isTooLong = bytes.length > this.#maxBytes;
    return { bytes: isTooLong ? undefined : bytes, size: bytes.length };
  }
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte);
}
