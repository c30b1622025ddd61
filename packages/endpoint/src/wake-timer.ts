import { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';

/** An alarm for who seldom needs one. */
export class WakeTimer extends Alarm {
  readonly #wake: () => void;

  constructor(clock: Clock, wake: () => void) {
    super(clock);
    this.#wake = wake;
  }

  ring(): void {
    this.#wake();
  }
}
