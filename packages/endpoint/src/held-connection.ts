import type { Frame } from '@wilco/protocol';
import type { FrameCounts, Link } from '@wilco/session';
import type { FrameConnection } from './frame-connection.ts';

/**
 * A connection whose opening is over while the session still reads, from its store, what the peer
 * holds. Keeps what comes in meanwhile: at most what this side's windows let its peer send.
 */
export class HeldConnection implements FrameCounts {
  readonly connection: FrameConnection;
  readonly link: Link;
  readonly #counts: FrameCounts;
  readonly #frames: Frame[] = [];

  constructor(connection: FrameConnection, link: Link) {
    this.connection = connection;
    this.#counts = link.counts;
    this.link = { ...link, counts: this };
  }

  /** The frames that wait here have not been seen by the session. */
  get framesSeen(): number {
    return this.#counts.framesSeen - this.#frames.length;
  }

  get framesWritten(): number {
    return this.#counts.framesWritten;
  }

  /** A frame came in. Its payload may be a view. */
  keep(frame: Frame): void {
    this.#frames.push('payload' in frame ? { ...frame, payload: frame.payload.slice() } : frame);
  }

  /** Gives all of them to `take`, until it says that nobody wants them any more. */
  replay(take: (frame: Frame) => boolean): void {
    for (let next = this.#frames.shift(); next !== undefined; next = this.#frames.shift()) {
      if (!take(next)) return;
    }
  }
}
