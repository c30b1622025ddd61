import { WilcoError } from '@wilco/client';
import { Option, type Command } from 'commander';
import { exitCodeOfError } from './exit-codes.ts';
import { Reporter } from './reporter.ts';

/** The options of every command, as commander gives them. */
export interface LogSettings {
  readonly json?: true;
  readonly quiet?: true;
  readonly progress?: 'auto' | 'always' | 'never';
}

/** Adds the options of {@link LogSettings} that every command has. */
export function withLogOptions(command: Command): Command {
  return command
    .option(
      '--json',
      'results on standard output and logs on standard error as JSON, one object a line',
    )
    .option('-q, --quiet', 'log warnings and errors only');
}

/** Adds the choice of the line that shows how far a command is. */
export function withProgressOption(command: Command): Command {
  return command.addOption(
    new Option('--progress <when>', 'the line that shows how far it is; auto: on a terminal')
      .choices(['auto', 'always', 'never'])
      .default('auto'),
  );
}

/**
 * Runs what a command does, says what went wrong in one line, and ends the process with its
 * exit code. An end by itself could wait for an input that nobody reads any more.
 */
export async function act(
  settings: LogSettings,
  run: (reporter: Reporter) => Promise<number>,
): Promise<void> {
  const reporter = reporterOf(settings);
  let code: number;
  try {
    code = await run(reporter);
  } catch (error) {
    code = exitCodeOfError(error);
    reporter.log('error', 'failed', wordsOf(error));
  }
  reporter.endStatus();
  await flushed();
  process.exit(code);
}

function wordsOf(error: unknown): string {
  if (WilcoError.is(error, 'WILCO_INSECURE_REFUSED')) {
    return `${error.message}: encrypt it (--tls, or --cert and --key), or allow it with --insecure`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** How long the last words may take to leave. Milliseconds. */
const LAST_WORDS_MS = 1_000;

/** A pipe takes what was written to it a little later. */
function flushed(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, LAST_WORDS_MS);
    process.stderr.write('', () => resolve());
  });
}

function reporterOf({ json, quiet, progress }: LogSettings): Reporter {
  const isJson = json === true;
  const isTerminal = progress === 'always' || process.stderr.isTTY;
  // Nobody reads it any more: what a command does is not less done for it.
  process.stderr.on('error', () => {});
  return new Reporter(process.stderr, {
    isJson,
    isQuiet: quiet === true,
    isTerminal: isTerminal && !isJson && progress !== 'never',
  });
}
