import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WitnessFile } from './witness.ts';

/** A {@link WitnessFile} at a path. */
export function witnessFile(path: string): WitnessFile {
  return new FileAtPath(path);
}

class FileAtPath implements WitnessFile {
  readonly #path: string;
  #handle: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<Uint8Array | undefined> {
    try {
      this.#handle ??= await open(this.#path, 'r+');
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
      throw error;
    }
    const bytes = new Uint8Array(READ_BYTES_MAX);
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    this.#handle ??= await this.#make();
    await this.#handle.write(bytes, 0, bytes.length, at);
  }

  async sync(): Promise<void> {
    await this.#handle?.datasync();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #make(): Promise<FileHandle> {
    const handle = await open(this.#path, 'w+');
    await handle.sync();
    await syncDirectory(dirname(this.#path));
    return handle;
  }
}

/** More than a witness has. */
const READ_BYTES_MAX = 4_096;

/** The names in a directory survive a loss of power from now on, where the system can do that. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows has no such thing: there the names go with the files.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
