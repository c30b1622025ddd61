import { open, truncate, stat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandStore, type PositionWrite } from './command-store.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** How much of a file holds lines whose messages count as handled. */
interface OutputPosition {
  readonly bytes: number;
}

/**
 * A file of lines whose length is kept in the store, in the same commit that marks the message of
 * a line as handled: what was written beyond it is cut off at the next start, and its messages
 * are handled again. So each line is in the file exactly once.
 */
export class OutputFile {
  /** How much is in the file at the start. */
  readonly startBytes: number;
  readonly #name: string;

  private constructor(name: string, startBytes: number) {
    this.#name = name;
    this.startBytes = startBytes;
  }

  /**
   * Makes the file as it was at the last commit.
   *
   * @throws CommandError where it is shorter than that: lines that count as handled are gone.
   */
  static async open(path: string, store: CommandStore): Promise<OutputFile> {
    await make(path);
    const name = `listen ${await realpath(path)}`;
    const { size } = await stat(path);
    const known = await store.position<OutputPosition>(name);
    const bytes = known?.bytes ?? size;
    // Else the first line of all would stay where it was written and its message not handled.
    if (known === undefined) await store.keep(name, { bytes });
    if (size < bytes) {
      const facts = `it has ${size} bytes, and ${bytes} were written for good`;
      const advice = 'put it back, or give another --out or another --store';
      throw new CommandError(`--out ${path}: ${facts}: ${advice}`, EXIT.notDone);
    }
    if (size > bytes) await truncate(path, bytes);
    return new OutputFile(name, bytes);
  }

  /** What is to be kept with the mark of the message whose line ends here. */
  endsAt(bytes: number): PositionWrite {
    const position: OutputPosition = { bytes };
    return CommandStore.write(this.#name, position);
  }
}

/** Makes the file where there is none, so that it has a real path, and keeps its name in a loss of power. */
async function make(path: string): Promise<void> {
  await (await open(path, 'a')).close();
  // Windows has no such thing: there the names go with the files.
  if (process.platform === 'win32') return;
  const directory = await open(dirname(await realpath(path)), 'r');
  await directory.sync().finally(() => directory.close());
}
