import { createHash } from 'node:crypto';
import { open, realpath, stat } from 'node:fs/promises';
import type { LinePlace } from './line-reader.ts';

/**
 * How far a file has been sent, as it is kept with the outbox: in the same commit as the message
 * of its line, so that neither is there without the other.
 */
export interface InputPosition extends LinePlace {
  /** The file, whichever way it was named. */
  readonly path: string;
  /** Begins the ids of the messages of its lines. */
  readonly key: string;
  /** How the file begins: by this it is known again. */
  readonly hash: string;
  readonly hashedBytes: number;
}

/** Of the beginning of a file so much is looked at, to know it again. */
const HASHED_MAX = 65_536;

/** The name under which the position of a file is kept. */
export async function positionName(path: string): Promise<string> {
  return `send ${await realpath(path)}`;
}

/**
 * Where to go on in a file: where the last run ended, if this is the same file, perhaps grown
 * since. Otherwise at its beginning, under a key of its own.
 *
 * @param kept - What the last run left; `undefined`: nothing.
 * @param newKey - For a file that was not sent before.
 */
export async function placeIn(
  path: string,
  kept: InputPosition | undefined,
  newKey: string,
): Promise<InputPosition> {
  if (kept !== undefined && (await isSameFile(path, kept))) return kept;
  const { size } = await stat(path);
  const hashedBytes = Math.min(size, HASHED_MAX);
  const hash = await hashOfBeginning(path, hashedBytes);
  const file = await realpath(path);
  return { path: file, key: newKey, hash, hashedBytes, number: 0, offset: 0 };
}

async function isSameFile(path: string, kept: InputPosition): Promise<boolean> {
  const { size } = await stat(path);
  if (size < kept.offset) return false;
  return (await hashOfBeginning(path, kept.hashedBytes)) === kept.hash;
}

async function hashOfBeginning(path: string, bytes: number): Promise<string> {
  const file = await open(path);
  try {
    const beginning = Buffer.alloc(bytes);
    let read = 0;
    while (read < bytes) {
      const { bytesRead } = await file.read(beginning, read, bytes - read, read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return createHash('sha256').update(beginning.subarray(0, read)).digest('hex');
  } finally {
    await file.close();
  }
}
