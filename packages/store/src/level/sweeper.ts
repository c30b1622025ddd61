import type { CommitQueue } from './commit-queue.ts';
import { ENCODINGS, scan, type LevelDatabase, type LevelWrite } from './level-database.ts';
import type { SweptLog } from './message-log.ts';
import type { StoreClock } from './store-clock.ts';
import { parseSessionKey, wide } from './store-keys.ts';
import type { StoreState } from './store-state.ts';

/** As many messages are cleared away at once; fewer wait until it is quiet. */
const EAGER_MESSAGES = 1_024;
/** Dead packs among living ones are looked for after this many drops. */
const SCATTERED_MESSAGES = 4_096;
const QUIET_MS = 5_000;
/** Logs that are cleared in one go when it is quiet. */
const QUIET_LOGS = 64;
/** Keys of dropped sessions that go along with one commit. */
const KEYS_AT_ONCE = 1_000;

/** What a sweeper works on. */
export interface SweeperSetting {
  readonly database: LevelDatabase;
  readonly state: StoreState;
  readonly queue: CommitQueue;
  readonly commitKey: (number: number) => string;
  readonly clock: StoreClock;
}

/**
 * Clears away in the background what no record needs any more: packs whose messages were all
 * dropped, the records of dropped sessions, old marks of commits. Nothing depends on it but
 * the size of the database; whatever it leaves is cleared away later, or by the next run.
 */
export class Sweeper {
  readonly #setting: SweeperSetting;
  #marksCleared = 0;
  #isBusy = false;
  #isStopped = false;
  #cancel: (() => void) | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(setting: SweeperSetting) {
    this.#setting = setting;
  }

  /** A batch holds: there may be something to do. */
  note(): void {
    if (this.#isBusy || this.#isStopped) return;
    const { state, clock } = this.#setting;
    const isUrgent = state.dropped.size > 0 || state.isSweepDue || this.#hasMarks();
    if (isUrgent) this.#begin(false);
    else if (state.toSweep.size > 0) {
      this.#cancel ??= clock.schedule(clock.nowMs() + QUIET_MS, () => {
        this.#cancel = undefined;
        if (!this.#isBusy) this.#begin(true);
      });
    }
  }

  /** Waits for what is under way; nothing follows. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#work;
  }

  #begin(isQuiet: boolean): void {
    this.#isBusy = true;
    this.#work = this.#sweep(isQuiet).finally(() => {
      this.#isBusy = false;
      if (this.#setting.state.toSweep.size > 0) this.note();
    });
  }

  async #sweep(isQuiet: boolean): Promise<void> {
    const { state } = this.#setting;
    try {
      state.isSweepDue = false;
      await this.#clearMarks();
      for (const log of isQuiet ? firstOf(state.toSweep) : [...state.toSweep].filter(isEager)) {
        if (this.#isStopped) return;
        state.toSweep.delete(log);
        await this.#clearLog(log);
      }
      for (const number of state.dropped) {
        if (this.#isStopped) return;
        await this.#clearSession(number);
      }
    } catch {
      // It could not be read: whoever needs it will be told. Changes go through the queue.
    }
  }

  #hasMarks(): boolean {
    return this.#setting.queue.clearableMarks > this.#marksCleared + MARKS_AT_ONCE;
  }

  async #clearMarks(): Promise<void> {
    const { database, queue, commitKey } = this.#setting;
    const below = queue.clearableMarks;
    if (below <= this.#marksCleared) return;
    const range = { gte: commitKey(0), lt: commitKey(below), ...ENCODINGS };
    await queue.alone(() => database.clear(range));
    this.#marksCleared = below;
  }

  async #clearLog(log: SweptLog): Promise<void> {
    const { database, queue } = this.#setting;
    const below = log.clearableBelow;
    if (below > log.clearedBelow) {
      const letters = log.hasChanges ? ['m', 'v'] : ['m'];
      for (const letter of letters) {
        const range = { gte: `${log.key}${letter}`, lt: `${log.key}${letter}${wide(below)}` };
        await queue.alone(() => database.clear({ ...range, ...ENCODINGS }));
      }
      log.clearedBelow = below;
    }
    if (log.droppedSinceSweep < SCATTERED_MESSAGES) return;
    log.droppedSinceSweep = 0;
    if (log.dropped.ranges.length > 0) await this.#clearScattered(log);
  }

  /** A message that stays for days must not keep all that passed it. */
  async #clearScattered(log: SweptLog): Promise<void> {
    const { database, queue } = this.#setting;
    const packs = { gte: `${log.key}m${wide(log.dropped.position)}`, lt: `${log.key}n` };
    const writes: LevelWrite[] = [];
    await scan(database, packs, { hasValues: false, atOnce: KEYS_AT_ONCE }, (key) => {
      const { seq: last = 0, count = 0 } = parseSessionKey(key.slice(log.key.length - 3)) ?? {};
      const isDead = count > 0 && log.firstThere(last - count + 1, last + 1) === undefined;
      if (isDead) writes.push({ type: 'del', key, ...ENCODINGS });
      return writes.length < KEYS_AT_ONCE;
    });
    // With the next commit, not before: it, or one before it, says that they were dropped.
    queue.addWrites(writes);
    if (writes.length < KEYS_AT_ONCE) return;
    // The next ones are found when these are gone.
    await queue.drained();
    await this.#clearScattered(log);
  }

  /** Its keys go along with commits; the mark that it was dropped goes with the last of them. */
  async #clearSession(number: number): Promise<void> {
    const { database, queue, state } = this.#setting;
    const key = state.keys.session(number);
    const writes: LevelWrite[] = [];
    const range = { gte: key, lt: `${key}~` };
    await scan(database, range, { hasValues: false, atOnce: KEYS_AT_ONCE }, (one) => {
      writes.push({ type: 'del', key: one, ...ENCODINGS });
      return writes.length < KEYS_AT_ONCE && !this.#isStopped;
    });
    if (this.#isStopped) return;
    const isLast = writes.length < KEYS_AT_ONCE;
    if (isLast) {
      writes.push({ type: 'del', key: state.keys.dropped(number), ...ENCODINGS });
      state.dropped.delete(number);
    }
    queue.addWrites(writes);
    // The next ones are found when these are gone.
    if (!isLast) await queue.drained();
  }
}

/** So many marks of commits are worth a clearing. */
const MARKS_AT_ONCE = 64;

/** Whether there is enough to clear away to do it at once. */
export function isEager(log: SweptLog): boolean {
  return (
    log.clearableBelow - log.clearedBelow >= EAGER_MESSAGES ||
    (log.droppedSinceSweep >= SCATTERED_MESSAGES && log.dropped.ranges.length > 0)
  );
}

function* firstOf(logs: ReadonlySet<SweptLog>): Generator<SweptLog> {
  let left = QUIET_LOGS;
  for (const log of logs) {
    if (left-- === 0) return;
    yield log;
  }
}
