import { Alarms, type Alarm } from './alarms.ts';
import type { Clock } from './clock.ts';

/** What wakes an engine: never later than it wants to be woken, and perhaps earlier. */
export class WakeTimer implements Alarm {
  /** Changed by the alarms of its clock, as what follows. */
  deadlineMs = Infinity;
  heapIndex = -1;
  readonly #clock: Clock;
  readonly #wake: () => void;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Wakes at that time; where it is armed for something earlier it stays, and finds nothing due. */
  arm(dueMs: number): void {
    const armedAtMs = this.heapIndex === -1 ? Infinity : this.deadlineMs;
    if (dueMs < armedAtMs) Alarms.of(this.#clock).set(this, dueMs);
  }

  /** It is time, or a little later. */
  ring(): void {
    // What has come until now is read first: this process may have been busy, or asleep.
    this.#clock.defer(this.#wake);
  }

  stop(): void {
    Alarms.of(this.#clock).remove(this);
  }
}
