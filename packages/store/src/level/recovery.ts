import { WilcoError } from '@wilco/protocol';
import { isNoSpace } from './commit-queue.ts';
import type { LevelDatabase } from './level-database.ts';
import { readValues } from './log-reader.ts';
import type { RoomWatch } from './room-watch.ts';
import type { StoreClock } from './store-clock.ts';
import type { StoreKeys } from './store-keys.ts';

/** What a recovery works with. */
export interface RecoverySetting {
  readonly database: LevelDatabase;
  readonly keys: StoreKeys;
  readonly clock: StoreClock;
  readonly room: RoomWatch;
}

/** How long is waited before it is tried again. Milliseconds. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/**
 * Brings a database back that had no room for a batch. What is written behind an unfinished
 * batch would be lost at the next opening, so it is closed and opened first; only then is
 * looked whether the batch made it, and tried again.
 */
export class Recovery {
  readonly #setting: RecoverySetting;
  #isGivenUp = false;
  #isUsable = true;
  #waiting: (() => void)[] = [];
  #wake: (() => void) | undefined;
  #waitMs = FIRST_WAIT_MS;

  constructor(setting: RecoverySetting) {
    this.#setting = setting;
  }

  /** Resolves when the database can be read. */
  async usable(): Promise<void> {
    if (this.#isUsable) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The store closes: nobody waits for room any more. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#wake?.();
  }

  /**
   * A batch found no room. Returns whether it is in the database nevertheless.
   *
   * @throws {@link WilcoError} `WILCO_STORE_FULL` when the store closes meanwhile.
   */
  async makeRoom(number: number): Promise<boolean> {
    const { database, keys, room } = this.#setting;
    room.foundNone();
    this.#isUsable = false;
    try {
      for (;;) {
        await this.#wait();
        if (this.#isGivenUp) {
          throw new WilcoError(
            'WILCO_STORE_FULL',
            'it was closed while there was no room for a commit',
          );
        }
        if (!(await this.#reopen())) {
          // Whatever the system says of the room that there is.
          room.foundNone();
          continue;
        }
        const [mark] = await readValues(database, [keys.commit(number)]);
        this.#isUsable = true;
        if (mark !== undefined) room.foundSome();
        return mark !== undefined;
      }
    } finally {
      this.#isUsable = true;
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** A batch went through. */
  succeeded(): void {
    if (this.#waitMs === FIRST_WAIT_MS) return;
    this.#waitMs = FIRST_WAIT_MS;
    this.#setting.room.foundSome();
  }

  async #reopen(): Promise<boolean> {
    const { database } = this.#setting;
    try {
      await database.close();
      await database.open();
      return true;
    } catch (error) {
      if (isNoSpace(error)) return false;
      throw error;
    }
  }

  #wait(): Promise<void> {
    const { clock } = this.#setting;
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    return new Promise((resolve) => {
      // Whoever committed waits, perhaps with nothing else that keeps the process alive.
      const cancel = clock.schedule(clock.nowMs() + waitMs, resolve, true);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
