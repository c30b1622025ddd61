import { WilcoError } from '@wilco/protocol';
import type { ClassicLevel } from 'classic-level';

/**
 * A database of `classic-level` in a folder, set up as stores need it. It is not opened yet.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID` where the package is missing.
 */
export async function classicDatabase(path: string): Promise<ClassicLevel<string, unknown>> {
  const { ClassicLevel } = await classicLevel();
  return new ClassicLevel<string, unknown>(path, {
    valueEncoding: 'json',
    // What is not compressed can be checked before it is opened.
    compression: false,
    // Tables are mapped into memory: as few as LevelDB allows, and small ones.
    maxOpenFiles: 74,
    maxFileSize: 1_048_576,
  });
}

/** What an error says, with its code and its causes. */
export function wordsOf(error: unknown): string {
  const { code, message, cause } = error as {
    readonly code?: string;
    readonly message?: string;
    readonly cause?: unknown;
  };
  const inner = typeof cause === 'object' && cause ? `: ${wordsOf(cause)}` : '';
  return `${code === undefined ? '' : `${code} `}${message ?? String(error)}${inner}`;
}

/** Whether somebody else has the database open. */
export function isLocked(error: unknown): boolean {
  return wordsOf(error).includes('LEVEL_LOCKED');
}

async function classicLevel(): Promise<typeof import('classic-level')> {
  try {
    return await import('classic-level');
  } catch (cause) {
    const detail = 'levelStore(path) needs the package classic-level, which can not be loaded';
    throw new WilcoError('WILCO_OPTION_INVALID', `${detail}: ${wordsOf(cause)}`, { cause });
  }
}
