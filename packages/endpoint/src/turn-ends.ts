import type { Clock } from './clock.ts';

/** Somebody who has something to do at the end of a turn of the event loop. */
export interface TurnEnder {
  turnEnds(): void;
}

/** A list that was longer is not kept. */
const KEPT_PLACES = 64;

const all = new WeakMap<Clock, TurnEnds>();

/** What is to be done at the end of the present turn, by all sessions on one clock: one deferred call. */
export class TurnEnds {
  readonly #clock: Clock;
  /** Those who wait are in the first places; the list stays from turn to turn, so that nothing is allocated. */
  #places: (TurnEnder | undefined)[] = [];
  #count = 0;
  /** The list of the next turn, while one ends. */
  #spare: (TurnEnder | undefined)[] | undefined;
  #isDeferred = false;
  #isOver = false;
  #isLast = false;
  readonly #run = (): void => {
    this.#isDeferred = false;
    this.#isOver = true;
    try {
      this.end();
    } finally {
      this.#isOver = this.#isLast = false;
    }
  };

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static of(clock: Clock): TurnEnds {
    let ends = all.get(clock);
    if (ends === undefined) all.set(clock, (ends = new TurnEnds(clock)));
    return ends;
  }

  /** Whether the turn is over but for the one that is called now: nobody comes behind it. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** In the order in which they were added; who is added while they are called has its turn in the next. */
  add(one: TurnEnder): void {
    this.#places[this.#count++] = one;
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(this.#run);
  }

  /** The input of the turn was read already: all have its end now. One that throws is done; the rest waits. */
  end(): void {
    const ending = this.#places;
    const count = this.#count;
    if (count === 0) return;
    this.#places = this.#spare ?? [];
    this.#spare = undefined;
    this.#count = 0;
    let done = 0;
    try {
      while (done < count) {
        this.#isLast = this.#isOver && done === count - 1;
        take(ending, done++).turnEnds();
      }
    } finally {
      while (done < count) this.add(take(ending, done++));
      if (ending.length <= KEPT_PLACES) this.#spare = ending;
    }
  }
}

function take(places: (TurnEnder | undefined)[], index: number): TurnEnder {
  const one = places[index] as TurnEnder;
  places[index] = undefined;
  return one;
}
