import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type ListenOptions } from 'node:net';
import { wholeInRange } from '@wilco/protocol';

/** Processes of the same user may connect, and nobody else. */
export const DEFAULT_MODE = 0o600;

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` unless it is a set of permissions. */
export function checkMode(mode = DEFAULT_MODE): number {
  return wholeInRange('mode', mode, 0, 0o777);
}

/**
 * Binds to the path of a Unix socket. The file that a process left there which was killed is
 * replaced; one that somebody listens on is not, nor any other file.
 */
export async function bindToPath(
  bind: (place: ListenOptions) => Promise<void>,
  path: string,
  mode: number,
): Promise<void> {
  try {
    await bind({ path });
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    await removeLeftOver(path);
    await bind({ path });
  }
  // In the turn in which it was bound: nobody was accepted before.
  chmodSync(path, mode);
}

async function removeLeftOver(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('the file is there already, and is not a socket');
  if (await isAlive(path)) throw new Error('another process listens on it');
  // Another process may have replaced it while this one asked.
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now?.ino === found.ino && now.ctimeMs === found.ctimeMs) unlinkSync(path);
}

/** Whether somebody listens: the system refuses a connection to a file that nobody holds. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path }, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error) => {
      if (codeOf(error) === 'ECONNREFUSED') resolve(false);
      // A full queue of connections is a sign of life.
      else if (codeOf(error) === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}
