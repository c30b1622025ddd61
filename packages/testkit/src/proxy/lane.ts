import type { Socket } from 'node:net';

/** What a {@link Lane} forwards with. */
export interface LaneOptions {
  readonly from: Socket;
  readonly to: Socket;
  /** How long each byte takes, in milliseconds. */
  readonly delayMs: number;
  /** The most bytes of one write. */
  readonly dribbleBytes: number;
}

/** Above this, the lane stops reading until what it holds has left. */
const HELD_BYTES_MAX = 1_048_576;

interface Item {
  readonly atMs: number;
  readonly bytes: Uint8Array;
  /** Done after the bytes before it were handed to the system. */
  readonly action?: () => void;
}

/** One direction of a proxied connection: a queue of bytes, and what is to be done between them. */
export class Lane {
  readonly #options: LaneOptions;
  #items: Item[] = [];
  #heldBytes = 0;
  #isWaiting = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Forwards `bytes` after those before, when their time has come. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isClosed) return;
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#options.from.pause();
    this.#add({ atMs: this.#laterMs(), bytes });
  }

  /** Does `action` once everything pushed so far has been handed to the system. */
  after(action: () => void): void {
    if (!this.#isClosed) this.#add({ atMs: this.#laterMs(), bytes: new Uint8Array(0), action });
  }

  /** Forgets what is held, and forwards nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#items = [];
    this.#heldBytes = 0;
    clearTimeout(this.#timer);
  }

  #laterMs(): number {
    return performance.now() + this.#options.delayMs;
  }

  #add(item: Item): void {
    this.#items.push(item);
    if (!this.#isWaiting) this.#pump();
  }

  #pump(): void {
    this.#isWaiting = false;
    for (let item = this.#items[0]; item !== undefined; item = this.#items[0]) {
      const waitMs = item.atMs - performance.now();
      if (waitMs > 0) {
        this.#wait(() => (this.#timer = setTimeout(() => this.#pump(), Math.ceil(waitMs))));
        return;
      }
      this.#items.shift();
      if (item.action !== undefined) item.action();
      else if (!this.#write(item)) return;
    }
  }

  /** Writes an item, or a part of it; returns whether the next may follow at once. */
  #write(item: Item): boolean {
    const { to, from, dribbleBytes } = this.#options;
    const bytes = item.bytes.subarray(0, dribbleBytes);
    if (bytes.length < item.bytes.length) {
      this.#items.unshift({ atMs: item.atMs, bytes: item.bytes.subarray(bytes.length) });
    }
    this.#heldBytes -= bytes.length;
    if (to.destroyed || !to.writable) return true;
    const isRoomLeft = to.write(bytes);
    if (this.#heldBytes <= HELD_BYTES_MAX && from.isPaused()) from.resume();
    if (!isRoomLeft) {
      this.#wait(() => to.once('drain', () => this.#pump()));
      return false;
    }
    if (dribbleBytes === Infinity) return true;
    this.#wait(() => setImmediate(() => this.#pump()));
    return false;
  }

  #wait(arrange: () => void): void {
    this.#isWaiting = true;
    arrange();
  }
}
