import type { WilcoError } from '@wilco/protocol';

/** What settles the promise that was made last: taken at once by whoever made it. */
const latest: { resolve: (value: never) => void; reject: (error: WilcoError) => void } = {
  resolve: nothing,
  reject: nothing,
};

/** One for all promises: a closure for each would cost as much as the promise. */
function handOut(resolve: typeof latest.resolve, reject: typeof latest.reject): void {
  latest.resolve = resolve;
  latest.reject = reject;
}

/** A promise that is made when it is asked for, and settled from outside. */
export class Deferred<Value> {
  readonly promise: Promise<Value>;
  // Said with `never`, so that a receipt of any reply is one of an unknown reply.
  readonly #resolve: (value: never) => void;
  readonly #reject: (error: WilcoError) => void;

  constructor() {
    this.promise = new Promise<Value>(handOut);
    this.#resolve = latest.resolve;
    this.#reject = latest.reject;
  }

  resolve(value: Value): void {
    this.#resolve(value as never);
  }

  /** Whoever awaits it is told; the process is not ended for somebody who does not. */
  reject(error: WilcoError): void {
    this.promise.catch(nothing);
    this.#reject(error);
  }
}

function nothing(): void {}
