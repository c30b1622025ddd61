import type { Window } from '@wilco/protocol';

/** After so many times the whole window came in, it is doubled. */
const TURNOVERS = 2;

/**
 * A window that this side grants: small at first, doubled while the peer uses it up,
 * out of a budget, up to its limit.
 */
export class WindowGrant implements Window {
  messages: number;
  bytes: number;
  readonly #firstMessages: number;
  readonly #firstBytes: number;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #cameMessages = 0;
  #cameBytes = 0;
  /** The most that was granted on this connection: the peer may still rely on it. */
  mostMessages: number;
  mostBytes: number;

  constructor(first: Window, max: Window) {
    this.messages = this.mostMessages = this.#firstMessages = first.messages;
    this.bytes = this.mostBytes = this.#firstBytes = first.bytes;
    this.#maxMessages = max.messages;
    this.#maxBytes = max.bytes;
  }

  /** A message came in. */
  came(bytes: number): void {
    this.#cameMessages += 1;
    this.#cameBytes += bytes;
  }

  /**
   * Grows the window if it was used up often enough; `reserve` must give the memory.
   * Returns whether it grew.
   */
  grow(reserve: (bytes: number) => boolean): boolean {
    const usesMessages = this.#cameMessages >= TURNOVERS * this.messages;
    const usesBytes = this.#cameBytes >= TURNOVERS * this.bytes;
    if (!usesMessages && !usesBytes) return false;
    this.#cameMessages = this.#cameBytes = 0;
    const { messages, bytes } = this;
    if (usesMessages) this.messages = Math.min(messages * 2, this.#maxMessages);
    const wanted = usesBytes ? Math.min(bytes * 2, this.#maxBytes) : bytes;
    if (wanted > bytes && reserve(wanted - bytes)) this.bytes = wanted;
    this.mostMessages = Math.max(this.mostMessages, this.messages);
    this.mostBytes = Math.max(this.mostBytes, this.bytes);
    return this.messages > messages || this.bytes > bytes;
  }

  /** Back to the beginning, but not below what is held; returns the bytes given back. */
  shrink(heldMessages: number, heldBytes: number): number {
    const before = this.bytes;
    this.messages = Math.min(this.messages, Math.max(this.#firstMessages, heldMessages));
    this.bytes = Math.min(before, Math.max(this.#firstBytes, heldBytes));
    this.mostMessages = this.messages;
    this.mostBytes = this.bytes;
    this.#cameMessages = this.#cameBytes = 0;
    return before - this.bytes;
  }
}
