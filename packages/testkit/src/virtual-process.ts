import type { Clock } from '@wilco/endpoint';
import type { VirtualClock } from './virtual-clock.ts';

/**
 * One run of a program on a virtual host: its view of the clock, which can fall asleep
 * (a blocked loop, a closed laptop) and can die.
 *
 * What is due while it sleeps happens when it wakes up, in the order in which it was
 * due. After its death nothing that it planned happens.
 */
export class VirtualProcess {
  readonly clock: Clock;
  /** Called before each write of it, to a disk or to a connection: whoever is told may end it there. */
  onWrite: () => void = () => {};
  readonly #world: VirtualClock;
  #wallOffsetMs = 0;
  #asleepUntilMs = 0;
  #isAlive = true;
  #pending = 0;

  constructor(world: VirtualClock) {
    this.#world = world;
    this.clock = {
      nowMs: () => world.nowMs(),
      wallMs: () => world.wallMs() + this.#wallOffsetMs,
      schedule: (atMs, run) => this.#schedule(atMs, run),
      defer: (run) => {
        world.defer(() => {
          if (this.#isAlive) run();
        });
      },
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isAwake(): boolean {
    return this.#isAlive && this.#world.nowMs() >= this.#asleepUntilMs;
  }

  /** Timers armed by the program and not cancelled. Zero after it has closed everything. */
  get pending(): number {
    return this.#isAlive ? this.#pending : 0;
  }

  /** Stops its timers and its reading for so long. Milliseconds. */
  sleep(forMs: number): void {
    this.#asleepUntilMs = Math.max(this.#asleepUntilMs, this.#world.nowMs() + forMs);
  }

  /** Sets its wall clock forward, or back. Milliseconds. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Ends it at once. */
  die(): void {
    this.#isAlive = false;
  }

  /** Runs something in it, at `atMs` or when it wakes up, unless it is dead by then. */
  post(atMs: number, run: () => void): void {
    this.#world.schedule(atMs, () => this.#runAwake(run));
  }

  #schedule(atMs: number, run: () => void): () => void {
    if (!this.#isAlive) return () => {};
    let isArmed = true;
    const disarm = (): boolean => {
      if (!isArmed) return false;
      isArmed = false;
      this.#pending -= 1;
      return true;
    };
    this.#pending += 1;
    const cancel = this.#world.schedule(atMs, () => {
      this.#runAwake(() => {
        if (disarm()) run();
      });
    });
    return () => {
      if (disarm()) cancel();
    };
  }

  #runAwake(run: () => void): void {
    if (!this.#isAlive) return;
    if (this.isAwake) {
      run();
      return;
    }
    this.#world.schedule(this.#asleepUntilMs, () => this.#runAwake(run));
  }
}
