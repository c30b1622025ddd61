import type { ProxyFraming } from './proxy-options.ts';

/** Where a frame lies in a piece of the stream. */
export interface PassingFrame {
  readonly kind: 'message' | 'ack' | 'other';
  /** Where the frame begins in the piece; 0 if it began before. */
  readonly start: number;
  /** Where it ends; more than the length of the piece if the rest is still to come. */
  readonly end: number;
}

/** Follows one direction of a connection and finds the frames in it. */
export interface FrameTracker {
  /** The frames whose kind became known in `piece`, in order. Each frame is given once. */
  track(piece: Uint8Array): readonly PassingFrame[];
}

/** A tracker for a new connection. It looks at what passes and changes nothing. */
export function frameTracker(framing: ProxyFraming): FrameTracker {
  if (framing === 'wilco') return new WilcoTracker();
  if (framing === 'lines') return new LineTracker();
  return { track: (piece) => [{ kind: 'message', start: 0, end: piece.length }] };
}

const PREAMBLE_BYTES = 8;
const ACK_KIND = 11;
/** The longest length that a frame may have is said in three bytes. */
const LENGTH_BYTES_MAX = 3;

/** Reads the length of each frame and the head after it; skips the rest. */
class WilcoTracker implements FrameTracker {
  #skip = PREAMBLE_BYTES;
  #length = 0;
  #lengthBytes = 0;
  #isLengthKnown = false;
  /** A length that no frame may have: what passes here is something else, or damaged. */
  #isLost = false;

  track(piece: Uint8Array): readonly PassingFrame[] {
    const frames: PassingFrame[] = [];
    let start = 0;
    let position = 0;
    while (position < piece.length && !this.#isLost) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, piece.length - position);
        this.#skip -= skipped;
        position += skipped;
        start = position;
      } else if (this.#isLengthKnown) {
        const head = piece[position] ?? 0;
        frames.push({ kind: kindOf(head), start, end: position + this.#length });
        this.#skip = this.#length;
        this.#beginFrame();
      } else {
        this.#readLength(piece[position] ?? 0);
        position += 1;
      }
    }
    return frames;
  }

  #readLength(byte: number): void {
    this.#length += (byte & 0x7f) * 2 ** (7 * this.#lengthBytes);
    this.#lengthBytes += 1;
    this.#isLengthKnown = byte < 0x80;
    this.#isLost = this.#isLengthKnown
      ? this.#length === 0
      : this.#lengthBytes === LENGTH_BYTES_MAX;
  }

  #beginFrame(): void {
    this.#length = 0;
    this.#lengthBytes = 0;
    this.#isLengthKnown = false;
  }
}

function kindOf(head: number): PassingFrame['kind'] {
  if ((head & 0x80) !== 0) return 'message';
  return head === ACK_KIND ? 'ack' : 'other';
}

const LINE_FEED = 0x0a;

/** Each line is a message; nothing acknowledges it. */
class LineTracker implements FrameTracker {
  #isInside = false;

  track(piece: Uint8Array): readonly PassingFrame[] {
    const frames: PassingFrame[] = [];
    let position = 0;
    while (position < piece.length) {
      const found = piece.indexOf(LINE_FEED, position);
      const end = found === -1 ? piece.length + 1 : found + 1;
      if (!this.#isInside) frames.push({ kind: 'message', start: position, end });
      this.#isInside = found === -1;
      position = end;
    }
    return frames;
  }
}
