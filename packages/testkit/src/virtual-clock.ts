import type { Clock } from '@wilco/endpoint';
import { EventQueue } from './event-queue.ts';

/** The wall clock's reading at virtual time 0: an arbitrary day. */
const EPOCH_WALL_MS = 1_767_225_600_000;

/** After how many steps other work of the process gets a chance, such as the test runner's. */
const STEPS_PER_BREATH = 4096;

/**
 * A clock that stands still until told to move, and the event loop that goes with it.
 *
 * Like a real event loop it works in turns: all events that are due, in the order of
 * their time and then of their making; then what was deferred. What these add for the
 * same moment belongs to the next turn. The same calls give the same order, always.
 */
export class VirtualClock implements Clock {
  readonly #events = new EventQueue();
  #nowMs = 0;
  #wallOffsetMs = EPOCH_WALL_MS;
  #deferred: (() => void)[] = [];
  /** What the end of the running turn still has to do. */
  #ending: (() => void)[] = [];
  /** Events from this order on belong to the next turn; `Infinity` between two turns. */
  #turnLimit = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  /** Sets the wall clock forward, or back; the monotonic time does not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  schedule(atMs: number, run: () => void): () => void {
    const event = this.#events.add(Math.max(atMs, this.#nowMs), run);
    return () => this.#events.cancel(event);
  }

  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  /** How many timers and deferred calls are armed. Zero after a test, or something leaked. */
  get pending(): number {
    return this.#events.size + this.#deferred.length + this.#ending.length;
  }

  /** When something happens next; `Infinity` for never. */
  get nextDueMs(): number {
    if (this.#ending.length > 0 || this.#deferred.length > 0) return this.#nowMs;
    return this.#events.peek()?.atMs ?? Infinity;
  }

  /**
   * Lets one thing happen, moving the time to it. Promises are not waited for.
   *
   * @returns whether there was anything to happen.
   */
  step(): boolean {
    const run = this.#next();
    run?.();
    return run !== undefined;
  }

  /** Lets everything due by `untilMs` happen, in order. Promises are not waited for. */
  advanceTo(untilMs: number): void {
    while (this.nextDueMs <= untilMs && this.step());
    this.#reach(untilMs);
  }

  /**
   * Lets everything due by `untilMs` happen, in order, and after each single event all
   * promise reactions, as a real event loop does.
   *
   * @param isDone - Asked after each event; `true` ends the run at once.
   * @returns whether `isDone` said so before the time was over.
   */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    await settleReactions();
    for (let steps = 1; !isDone(); steps++) {
      if (this.nextDueMs > untilMs || !this.step()) {
        this.#reach(untilMs);
        return false;
      }
      await (steps % STEPS_PER_BREATH === 0 ? breathe() : settleReactions());
    }
    return true;
  }

  #reach(untilMs: number): void {
    if (untilMs !== Infinity) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #next(): (() => void) | undefined {
    const ending = this.#ending.pop();
    if (ending !== undefined) return ending;
    const event = this.#events.peek();
    const isOfThisTurn =
      event !== undefined && event.atMs <= this.#nowMs && event.order < this.#turnLimit;
    if (!isOfThisTurn && this.#deferred.length > 0) return this.#endTurn();
    if (event === undefined) return undefined;
    if (!isOfThisTurn || this.#turnLimit === Infinity) this.#turnLimit = this.#events.nextOrder;
    this.#nowMs = event.atMs;
    return this.#events.take()?.run;
  }

  #endTurn(): (() => void) | undefined {
    this.#ending = this.#deferred.reverse();
    this.#deferred = [];
    this.#turnLimit = Infinity;
    return this.#ending.pop();
  }
}

/**
 * Waits until no promise reaction is left to run. Node.js calls back a `nextTick` of a
 * reaction only after all of them: exact, and many times cheaper than a macrotask.
 */
function settleReactions(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
