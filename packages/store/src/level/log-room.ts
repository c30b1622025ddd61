import { constants, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** So much is made ready in one go. */
const STEP_BYTES = 524_288;
/** As soon as no more than this is left. */
const LEAST_BYTES = 262_144;
/** Looked at after so much: LevelDB begins a new log every few MB, and says so to nobody. */
const LOOK_EVERY_BYTES = 131_072;

const PIECE = new Uint8Array(65_536);
const STEP = Array.from({ length: STEP_BYTES / PIECE.length }, () => PIECE);

/**
 * Has room written ahead behind the end of LevelDB's log, so that its syncs write over bytes that
 * the file has already. Where a file grows with each sync, the system has to sync what it knows of
 * the file as well, which takes longer than the bytes do.
 *
 * It can't harm: zeros are *appended*, so the system puts them behind everything that is there,
 * whatever LevelDB writes meanwhile; and LevelDB goes on at its own place, writes over them, and reads
 * past them when it opens a log, as it does past the room that it once made so itself.
 */
export class LogRoom {
  readonly #database: string;
  /** The name of the log that is being written. */
  #log = '';
  /** How far LevelDB has come in it, about, and how far it reaches. */
  #position = 0;
  #end = 0;
  #bytesSinceLook = 0;
  #working: Promise<void> | undefined;

  /** @param database - The folder of the database. */
  constructor(database: string) {
    this.#database = database;
  }

  /** So many bytes have gone into the log, about. */
  wrote(bytes: number): void {
    this.#position += bytes;
    this.#bytesSinceLook += bytes;
    if (this.#bytesSinceLook < LOOK_EVERY_BYTES || this.#working !== undefined) return;
    this.#bytesSinceLook = 0;
    // Without room it is slower, and nothing else: what fails here fails LevelDB where it matters.
    this.#working = this.#look().catch(() => undefined);
    void this.#working.then(() => (this.#working = undefined));
  }

  /** What is under way is done. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #look(): Promise<void> {
    const name = newestLog(await readdir(this.#database));
    if (name === undefined) return;
    if (name === this.#log && this.#end - this.#position > LEAST_BYTES) return;
    // Never made: one that LevelDB has deleted meanwhile is needed no more.
    const handle = await open(join(this.#database, name), constants.O_WRONLY | constants.O_APPEND);
    try {
      const { size } = await handle.stat();
      if (name !== this.#log) this.#position = size;
      this.#log = name;
      const { bytesWritten } = await handle.writev(STEP);
      this.#end = size + bytesWritten;
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }
}

/** The log with the highest number. */
function newestLog(names: readonly string[]): string | undefined {
  const logs = names.filter((name) => /^\d+\.log$/.test(name));
  return logs.sort((a, b) => Number.parseInt(b) - Number.parseInt(a))[0];
}
