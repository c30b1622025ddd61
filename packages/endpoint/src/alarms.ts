import { DeadlineHeap, type Timed } from '@wilco/session';
import type { Clock } from './clock.ts';

/** Somebody who wants to be woken at a time, and knows its own place among the others. */
export interface Alarm extends Timed {
  ring(): void;
}

const all = new WeakMap<Clock, Alarms>();

/**
 * The alarms of all sessions on one clock, with one timer for all of them: thousands of idle
 * sessions cost a place in a list each.
 */
export class Alarms {
  readonly #clock: Clock;
  readonly #heap = new DeadlineHeap<Alarm>();
  #armedAtMs = Infinity;
  #cancelTimer = nothing;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static of(clock: Clock): Alarms {
    let alarms = all.get(clock);
    if (alarms === undefined) all.set(clock, (alarms = new Alarms(clock)));
    return alarms;
  }

  /** Rings once, at `atMs` or a little later; replaces what was set before. */
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
    const dueMs = this.#heap.earliestMs;
    if (dueMs >= this.#armedAtMs) return;
    this.#disarm();
    this.#armedAtMs = dueMs;
    this.#cancelTimer = this.#clock.schedule(dueMs, () => this.#ring());
  }

  #disarm(): void {
    this.#cancelTimer();
    this.#cancelTimer = nothing;
    this.#armedAtMs = Infinity;
  }

  #ring(): void {
    this.#cancelTimer = nothing;
    this.#armedAtMs = Infinity;
    try {
      const nowMs = this.#clock.nowMs();
      for (let due = this.#heap.takeDue(nowMs); due; due = this.#heap.takeDue(nowMs)) due.ring();
    } finally {
      this.#arm();
    }
  }
}

function nothing(): void {}
