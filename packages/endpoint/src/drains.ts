import { WilcoError } from '@wilco/protocol';

/** Somebody who waits until nothing is unsettled. */
interface Waiting {
  /** It waits no more. */
  readonly ended: () => void;
  readonly resolve: () => void;
  readonly reject: (error: WilcoError) => void;
}

/** Where nobody waits; nothing is ever put into it. */
const NOBODY: Waiting[] = [];

/** Those who wait until nothing is unsettled. */
export class Drains {
  #waiting = NOBODY;

  /** Waits, until `signal` says otherwise. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        const cause: unknown = signal?.reason;
        reject(new WilcoError('WILCO_CANCELLED', 'the waiting was stopped', { cause }));
      };
      const ended = (): void => signal?.removeEventListener('abort', stop);
      const waiting: Waiting = { ended, resolve, reject };
      this.#waiting = [...this.#waiting, waiting];
      if (signal?.aborted === true) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    });
  }

  /** Nothing is unsettled. */
  done(): void {
    if (this.#waiting.length === 0) return;
    for (const { ended, resolve } of this.#taken()) {
      ended();
      resolve();
    }
  }

  /** There is nothing to wait for any more. */
  fail(error: WilcoError): void {
    for (const { ended, reject } of this.#taken()) {
      ended();
      reject(error);
    }
  }

  /** Whoever waits with the other waits here now. */
  join(other: Drains): void {
    this.#waiting = [...this.#waiting, ...other.#taken()];
  }

  #taken(): Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = NOBODY;
    return waiting;
  }
}
