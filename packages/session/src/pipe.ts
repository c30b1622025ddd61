/** Before anything was measured, and at least. */
const LEAST_BYTES = 1024 * 1024;
/** No link is given more: it would only wait in front of it. As much as the largest window of a channel. */
const MOST_BYTES = 4 * LEAST_BYTES;

/**
 * How much may be on its way on one connection: about twice what the link itself holds, the
 * bandwidth-delay product, so that it never runs dry and control frames never wait long behind data.
 */
export class Pipe {
  #limitBytes = LEAST_BYTES;
  #leastTripMs = Infinity;

  /** Another connection: nothing is known of it. */
  reset(): void {
    this.#limitBytes = LEAST_BYTES;
    this.#leastTripMs = Infinity;
  }

  /** How many bytes may be written and not yet known to be received. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /**
   * The peer took so many bytes in the time of one round trip. A trip behind data takes longer
   * because of what this side itself put on the way, so only the shortest one tells the delay
   * of the link (as in BBR, draft-ietf-ccwg-bbr, section 2.3): otherwise each measurement
   * would allow twice as much as the one before.
   */
  measured(bytes: number, tripMs: number): void {
    this.#leastTripMs = Math.min(this.#leastTripMs, tripMs);
    const linkBytes = tripMs > 0 ? (bytes / tripMs) * this.#leastTripMs : bytes;
    const wanted = Math.max(LEAST_BYTES, 2 * linkBytes, this.#limitBytes / 2);
    this.#limitBytes = Math.min(wanted, MOST_BYTES);
  }
}
