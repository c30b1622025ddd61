import type { Clock } from './clock.ts';

/** Somebody who has something to do at the end of a turn of the event loop. */
export interface TurnEnder {
  turnEnds(): void;
}

const all = new WeakMap<Clock, TurnEnds>();

/** What is to be done at the end of the present turn, by all sessions on one clock: one deferred call. */
export class TurnEnds {
  readonly #clock: Clock;
  #waiting: TurnEnder[] = [];
  #isDeferred = false;
  readonly #run = (): void => {
    this.#isDeferred = false;
    this.end();
  };

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static of(clock: Clock): TurnEnds {
    let ends = all.get(clock);
    if (ends === undefined) all.set(clock, (ends = new TurnEnds(clock)));
    return ends;
  }

  /** In the order in which they were added; who is added while they are called has its turn in the next. */
  add(one: TurnEnder): void {
    this.#waiting.push(one);
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(this.#run);
  }

  /** The input of the turn was read already: all have its end now. One that throws is done; the rest waits. */
  end(): void {
    const ending = this.#waiting;
    this.#waiting = [];
    let done = 0;
    try {
      while (done < ending.length) (ending[done++] as TurnEnder).turnEnds();
    } finally {
      for (; done < ending.length; done++) this.add(ending[done] as TurnEnder);
    }
  }
}
