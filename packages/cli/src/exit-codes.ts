import { constants } from 'node:os';
import { WilcoError } from '@wilco/client';

/** How the command ends, for scripts. A signal adds its number to 128. */
export const EXIT = {
  /** Everything was done. */
  done: 0,
  /** Something was not: a line that was not handled, a peer that can not be reached, a full disk. */
  notDone: 1,
  /** The command line is wrong; nothing was begun. */
  usage: 2,
} as const;

/** The signals on which a command finishes what it can. */
export type EndingSignal = 'SIGINT' | 'SIGTERM';

/** What a shell makes of a process that a signal ended. */
export function exitCodeOf(signal: EndingSignal | 'SIGPIPE'): number {
  return 128 + constants.signals[signal];
}

/** How a command ends whose result could not be written to standard output. */
export function exitCodeUnwritten(error: unknown): number {
  const isReaderGone = error instanceof Error && 'code' in error && error.code === 'EPIPE';
  return isReaderGone ? exitCodeOf('SIGPIPE') : EXIT.notDone;
}

/** An error that the user can do something about: told in one line, without a stack. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.notDone) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What is wrong with the options as such is wrong usage; everything else may go better next time. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  const isUsage =
    WilcoError.is(error, 'WILCO_OPTION_INVALID') || WilcoError.is(error, 'WILCO_INSECURE_REFUSED');
  return isUsage ? EXIT.usage : EXIT.notDone;
}

/** Calls `first` at the first signal; a second one ends the process at once. Returns its undo. */
export function onSignal(first: (signal: EndingSignal) => void): () => void {
  let hasCome = false;
  const come = (signal: EndingSignal): void => {
    if (hasCome) process.exit(exitCodeOf(signal));
    hasCome = true;
    first(signal);
  };
  process.on('SIGINT', come);
  process.on('SIGTERM', come);
  return () => {
    process.off('SIGINT', come);
    process.off('SIGTERM', come);
  };
}
