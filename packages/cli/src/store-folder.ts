import { WilcoError, type ErrorCode } from '@wilco/client';
import { openStoreForReading, type StoreReader } from '@wilco/store/level';
import { CommandError } from './exit-codes.ts';

/** Opens a folder to look into it, and lets go of it whatever happens. */
export async function withReader<Result>(
  path: string,
  look: (reader: StoreReader) => Promise<Result>,
): Promise<Result> {
  const reader = await openStoreForReading(path).catch((error: unknown) => {
    throw storeError(path, error);
  });
  try {
    return await look(reader);
  } catch (error) {
    throw storeError(path, error);
  } finally {
    await reader.close();
  }
}

/** What is wrong with a store, and what to do about it. */
export function storeError(path: string, error: unknown): Error {
  if (!WilcoError.is(error)) return error instanceof Error ? error : new Error(String(error));
  const advice = ADVICE[error.code];
  return new CommandError(`${path}: ${error.message}${advice === undefined ? '' : `. ${advice}`}`);
}

const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  WILCO_STORE_LOCKED:
    'Its owner is running: stop it first (wilco listen and send: SIGTERM), then look again. A program that runs tells it by itself: explain(), pending(), stats()',
  WILCO_STORE_FORMAT: 'Nothing was changed: use the version of wilco that wrote it',
  WILCO_STORE_DAMAGED:
    'Put a copy of the folder aside before anything else. To begin anew, move the folder away: the peers notice that it is gone',
  WILCO_STORE_FULL: 'Make room on its disk, and look again',
  WILCO_STORE_FAILED: 'Is it the folder that was given as --store, or to levelStore()?',
};
