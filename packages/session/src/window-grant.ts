import type { Window } from '@wilco/protocol';

/** After so many times the whole window came in, it is doubled. */
const TURNOVERS = 2;

/**
 * A window that this side grants: small at first, doubled while the peer uses it up,
 * out of a budget, up to its limit.
 *
 * What was granted once can't be taken back at once: until the peer is known to go by a
 * lower window it may fill the higher one, and what it sent until then is held until it is
 * handled. {@link mostMessages} and {@link mostBytes} are what it may still fill.
 */
export class WindowGrant implements Window {
  messages: number;
  bytes: number;
  mostMessages: number;
  mostBytes: number;
  readonly #firstMessages: number;
  readonly #firstBytes: number;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #cameMessages = 0;
  #cameBytes = 0;
  /** The peer goes by the window as it is. */
  #isKnown = true;

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

  /** Whether the peer used it up often enough to get more. */
  get isUsedUp(): boolean {
    return this.#usesMessages || this.#usesBytes;
  }

  /**
   * Grows the window if it was used up often enough; `reserve` must give the memory for
   * what the peer may fill then. Returns whether it grew.
   */
  grow(reserve: (messages: number, bytes: number) => boolean): boolean {
    if (!this.isUsedUp) return false;
    const messages = this.#usesMessages
      ? Math.min(this.messages * 2, this.#maxMessages)
      : this.messages;
    const bytes = this.#usesBytes ? Math.min(this.bytes * 2, this.#maxBytes) : this.bytes;
    this.#cameMessages = this.#cameBytes = 0;
    if (messages === this.messages && bytes === this.bytes) return false;
    const mostMessages = Math.max(this.mostMessages, messages);
    const mostBytes = Math.max(this.mostBytes, bytes);
    if (!reserve(mostMessages, mostBytes)) return false;
    this.messages = messages;
    this.bytes = bytes;
    this.mostMessages = mostMessages;
    this.mostBytes = mostBytes;
    return true;
  }

  /** Takes a part back: from the next ACK on the peer is granted no more than this. */
  lower(messages: number, bytes: number): boolean {
    if (messages >= this.messages && bytes >= this.bytes) return false;
    this.messages = Math.min(this.messages, messages);
    this.bytes = Math.min(this.bytes, bytes);
    this.#isKnown = false;
    this.#cameMessages = this.#cameBytes = 0;
    return true;
  }

  /** The peer goes by the window as it is: what it sent before is here. */
  known(heldMessages: number, heldBytes: number): void {
    this.#isKnown = true;
    this.settle(heldMessages, heldBytes);
  }

  /** So much is held already, whatever the window is: its peer waits until it is less. */
  held(messages: number, bytes: number): void {
    this.mostMessages = Math.max(this.mostMessages, messages);
    this.mostBytes = Math.max(this.mostBytes, bytes);
  }

  /** Less is held than before: where the window was lowered, less may come. */
  settle(heldMessages: number, heldBytes: number): void {
    if (!this.#isKnown) return;
    this.mostMessages = Math.min(this.mostMessages, Math.max(this.messages, heldMessages));
    this.mostBytes = Math.min(this.mostBytes, Math.max(this.bytes, heldBytes));
  }

  /** Without a connection: back to the beginning, but not below what is held. */
  shrink(heldMessages: number, heldBytes: number): void {
    this.messages = Math.min(this.messages, Math.max(this.#firstMessages, heldMessages));
    this.bytes = Math.min(this.bytes, Math.max(this.#firstBytes, heldBytes));
    this.#cameMessages = this.#cameBytes = 0;
    this.known(heldMessages, heldBytes);
  }

  get #usesMessages(): boolean {
    return this.#cameMessages >= TURNOVERS * this.messages;
  }

  get #usesBytes(): boolean {
    return this.#cameBytes >= TURNOVERS * this.bytes;
  }
}
