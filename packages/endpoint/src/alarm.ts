import { DeadlineHeap, type Timed } from '@wilco/session';
import type { Clock } from './clock.ts';
import { TurnEnds } from './turn-ends.ts';

const all = new WeakMap<Clock, Alarms>();

/**
 * Somebody who is woken at a time. Thousands that are idle cost a place in a list each: those of a
 * clock share one timer.
 */
export abstract class Alarm implements Timed {
  /** Changed by the others of its clock, as what follows. */
  deadlineMs = Infinity;
  heapIndex = -1;
  readonly #alarms: Alarms;

  constructor(clock: Clock) {
    let alarms = all.get(clock);
    if (alarms === undefined) all.set(clock, (alarms = new Alarms(clock)));
    this.#alarms = alarms;
  }

  /** @internal Its time has come, and what had come in until then was read. */
  abstract ring(): void;

  /**
   * Rings once, at `atMs` or a little later. Where it rings earlier anyway it stays: then it finds
   * nothing due, and says again when it wants to be woken.
   */
  ringBy(atMs: number): void {
    const setMs = this.heapIndex === -1 ? Infinity : this.deadlineMs;
    if (atMs < setMs) this.#alarms.set(this, atMs);
  }

  /** Does not ring any more. */
  silence(): void {
    this.#alarms.remove(this);
  }
}

/** The alarms of all on one clock. */
class Alarms {
  readonly #clock: Clock;
  readonly #turnEnds: TurnEnds;
  readonly #heap = new DeadlineHeap<Alarm>();
  #armedAtMs = Infinity;
  #cancelTimer = nothing;
  /** The timer has fired, and those that are due ring at the end of this turn. */
  #isRinging = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turnEnds = TurnEnds.of(clock);
  }

  set(alarm: Alarm, atMs: number): void {
    this.#heap.set(alarm, atMs);
    this.#arm();
  }

  remove(alarm: Alarm): void {
    this.#heap.remove(alarm);
    // A timer keeps the process alive.
    if (this.#heap.size === 0) this.#disarm();
  }

  /** Waking early is harmless: nothing is due then. */
  #arm(): void {
    if (this.#isRinging) return;
    const dueMs = this.#heap.earliestMs;
    if (dueMs >= this.#armedAtMs) return;
    this.#disarm();
    this.#armedAtMs = dueMs;
    this.#cancelTimer = this.#clock.schedule(dueMs, () => this.#fired());
  }

  #disarm(): void {
    this.#cancelTimer();
    this.#cancelTimer = nothing;
    this.#armedAtMs = Infinity;
  }

  /** What has come until now is read first: this process may have been busy, or asleep. */
  #fired(): void {
    this.#cancelTimer = nothing;
    this.#armedAtMs = Infinity;
    this.#isRinging = true;
    this.#clock.defer(() => this.#ring());
  }

  /**
   * What each leads to goes out at once: thousands that write together would each take memory for
   * it. One that throws keeps no other from ringing: they have a turn of their own.
   */
  #ring(): void {
    try {
      const nowMs = this.#clock.nowMs();
      for (let due = this.#heap.takeDue(nowMs); due; due = this.#heap.takeDue(nowMs)) {
        due.ring();
        this.#turnEnds.end();
      }
    } finally {
      this.#isRinging = false;
      this.#arm();
    }
  }
}

function nothing(): void {}
