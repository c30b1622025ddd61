/** What may bring the process down. */
export interface Suspect {
  /** How often a handler was started on it. */
  readonly attempt: number;
}

/**
 * Lets suspects run one at a time: messages whose handler was started twice before, and each time
 * the process went down without having seen its end. One of those that ran then did it; alone it
 * is found, and the others are not taken for it. Shared by all sessions of an endpoint.
 */
export class SuspectGate {
  #inside: Suspect | undefined;
  readonly #waiting = new Map<Suspect, () => void>();

  /** Whether the message may run now. If not, `admit` is called when its turn has come. */
  enter(suspect: Suspect, admit: () => void): boolean {
    if (this.#inside === suspect) return true;
    if (this.#inside === undefined && this.#waiting.size === 0) {
      this.#inside = suspect;
      return true;
    }
    this.#waiting.set(suspect, admit);
    return false;
  }

  /** It has finished, or will not run here. */
  leave(suspect: Suspect): void {
    this.#waiting.delete(suspect);
    if (this.#inside !== suspect) return;
    this.#inside = undefined;
    this.#admitNext();
  }

  /** Whether it waits for its turn. */
  isWaiting(suspect: Suspect): boolean {
    return this.#waiting.has(suspect);
  }

  /** The one with the fewest attempts: the innocent get through before the poison strikes again. */
  #admitNext(): void {
    let next: Suspect | undefined;
    for (const one of this.#waiting.keys()) {
      if (next === undefined || one.attempt < next.attempt) next = one;
    }
    if (next === undefined) return;
    const admit = this.#waiting.get(next);
    this.#waiting.delete(next);
    this.#inside = next;
    admit?.();
  }
}
