import { open, type FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { CommandError, EXIT } from './exit-codes.ts';
import { jsonLine } from './json-text.ts';

/** How many lines may wait for a slow disk or reader before whoever makes them is asked to wait. */
const WAITING_MAX = 10_000;

/** Where lines go. */
export interface LineSink {
  /** Resolves when all of these bytes are with the system. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * Writes lines in order, each whole. What comes while a write is under way goes out with the
 * next one, so a slow disk or reader costs no write of its own for each line.
 */
export class LineWriter {
  readonly #sink: LineSink;
  #waiting: Entry[] = [];
  #isWriting = false;
  #failure: Error | undefined;
  /** Where the sink will be when all that was handed over is written. */
  #endBytes: number;

  /** @param startBytes - How much is in the sink already. */
  constructor(sink: LineSink, startBytes = 0) {
    this.#sink = sink;
    this.#endBytes = startBytes;
  }

  /**
   * Resolves when the line was written, with the place in the sink at which it ends; rejects
   * where the sink failed, then and ever after.
   */
  write(...parts: readonly Uint8Array[]): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    for (const { byteLength } of parts) this.#endBytes += byteLength;
    const endBytes = this.#endBytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ parts, endBytes, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  /** Writes an object as a line of JSON. */
  writeJson(fields: Readonly<Record<string, unknown>>): Promise<number> {
    return this.write(new TextEncoder().encode(jsonLine(fields)));
  }

  /** Resolves when so few lines wait that more may come; at once, most of the time. */
  room(): Promise<void> | undefined {
    return this.#waiting.length < WAITING_MAX ? undefined : this.#written();
  }

  /** Resolves when everything was written, and lets go of the sink. */
  async close(): Promise<void> {
    await this.#written();
    await this.#sink.close();
  }

  /** Resolves when everything was written, or can't be. */
  async #written(): Promise<void> {
    await this.write().catch(() => {});
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      // The rest of this turn's lines belong to the same write.
      await Promise.resolve();
      const entries = this.#waiting;
      this.#waiting = [];
      await this.#writeEntries(entries);
    }
    this.#isWriting = false;
  }

  async #writeEntries(entries: readonly Entry[]): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#sink.write(Buffer.concat(entries.flatMap(({ parts }) => parts)));
      for (const { endBytes, resolve } of entries) resolve(endBytes);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      for (const { reject } of entries) reject(this.#failure);
    }
  }
}

/**
 * Where an option says that lines go: a file, or standard output for `-`.
 *
 * @throws CommandError that names the option, where the file can not be written.
 */
export async function sinkOfOption(
  option: string,
  path: string,
  options: FileSinkOptions,
): Promise<LineSink> {
  if (path === '-') return streamSink(process.stdout);
  try {
    return await fileSink(path, options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${option} ${path}: ${reason}`, EXIT.usage);
  }
}

/** How a file is written to. */
export interface FileSinkOptions {
  /** What is there already stays. */
  readonly isAppended: boolean;
  /** A write counts when it is on the disk. */
  readonly isSynced: boolean;
}

/** Writes to a file, which is made where there is none. */
export async function fileSink(
  path: string,
  { isAppended, isSynced }: FileSinkOptions,
): Promise<LineSink> {
  const file = await open(path, isAppended ? 'a' : 'w');
  return {
    write: async (bytes) => {
      await writeFully(file, bytes);
      if (isSynced) await file.datasync();
    },
    close: () => file.close(),
  };
}

/** Writes to a pipe, a terminal or whatever standard output is. */
export function streamSink(stream: Writable): LineSink {
  let failure: Error | undefined;
  // Without a listener, a reader that went away would end the process with a stack.
  stream.on('error', (error) => (failure ??= error));
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) reject(failure);
        else stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => Promise.resolve(),
  };
}

interface Entry {
  readonly parts: readonly Uint8Array[];
  readonly endBytes: number;
  readonly resolve: (endBytes: number) => void;
  readonly reject: (error: Error) => void;
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written);
    written += bytesWritten;
  }
}
