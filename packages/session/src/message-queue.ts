import type { IncomingMessage } from './incoming-message.ts';

/** So many empty places in front are let be, before the rest moves up. */
const EMPTY_PLACES = 64;

/** Of a queue that nothing was put into. */
const NO_PLACES: (IncomingMessage | undefined)[] = [];

/** Messages in their order. To take the first costs the same, however many are behind it. */
export class MessageQueue implements Iterable<IncomingMessage> {
  /** What is before `#start` is taken already. */
  #places = NO_PLACES;
  #start = 0;

  get first(): IncomingMessage | undefined {
    return this.#places[this.#start];
  }

  push(message: IncomingMessage): void {
    if (this.#places === NO_PLACES) this.#places = [];
    this.#places.push(message);
  }

  /** Takes the first out. */
  shift(): void {
    const places = this.#places;
    if (this.#start + 1 >= places.length) {
      // Where one comes at a time the list keeps its memory.
      if (this.#start === 0) places.pop();
      else places.length = 0;
      this.#start = 0;
      return;
    }
    places[this.#start] = undefined;
    this.#start += 1;
    if (this.#start < EMPTY_PLACES || this.#start * 2 < places.length) return;
    places.splice(0, this.#start);
    this.#start = 0;
  }

  /** Takes a message out, wherever it is. Returns whether it was here. */
  remove(message: IncomingMessage): boolean {
    const index = this.#places.indexOf(message, this.#start);
    if (index === -1) return false;
    if (index === this.#start) this.shift();
    else this.#places.splice(index, 1);
    return true;
  }

  /** Puts a message back that was taken out: ahead of those with a higher seq. */
  insert(message: IncomingMessage): void {
    if (this.#places === NO_PLACES) this.#places = [];
    const places = this.#places;
    let index = places.length;
    while (index > this.#start && (places[index - 1]?.seq ?? 0) > message.seq) index -= 1;
    places.splice(index, 0, message);
  }

  *[Symbol.iterator](): Generator<IncomingMessage> {
    for (let index = this.#start; index < this.#places.length; index++) {
      yield this.#places[index] as IncomingMessage;
    }
  }
}
