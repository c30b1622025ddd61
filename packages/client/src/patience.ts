import type { Clock } from '@wilco/endpoint';

/** How long a client looks for the server of its session while others answer. */
export class Patience {
  readonly #clock: Clock;
  readonly #forMs: number;
  readonly #over: () => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, forMs: number, over: () => void) {
    this.#clock = clock;
    this.#forMs = forMs;
    this.#over = over;
  }

  /** Counts from the first call on. `false`: there is none. */
  begin(): boolean {
    if (this.#forMs === 0) return false;
    this.#cancel ??= this.#clock.schedule(this.#clock.nowMs() + this.#forMs, () => {
      this.#cancel = undefined;
      this.#over();
    });
    return true;
  }

  /** It is not needed any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
