#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT } from './exit-codes.ts';
import { wilcoProgram } from './program.ts';

// `wilco --help | head`: a reader that has seen enough is no failure; a full disk is one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exitCode = EXIT.notDone;
});

try {
  await wilcoProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has said what is wrong, or printed what was asked for.
  process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
}
