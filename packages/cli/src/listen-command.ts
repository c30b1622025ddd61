import { Command, Option } from 'commander';
import { act, withLogOptions, type LogSettings } from './command-action.ts';
import {
  withServerOptions,
  withStoreOption,
  type ConnectionSettings,
  type StoreSettings,
} from './connection-options.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { ListenJob } from './listen-job.ts';
import { LISTEN_MANUAL } from './manual.ts';
import { durationMs, wholeNumber, type Target } from './option-values.ts';

/** What `wilco listen` is told, as commander gives it. */
export interface ListenSettings extends ConnectionSettings, LogSettings, StoreSettings {
  readonly port?: number;
  readonly host: string;
  readonly path?: string;
  /** `-` is standard output. */
  readonly out: string;
  readonly sync?: true;
  readonly type: readonly string[];
  readonly drain: number;
}

const DEFAULT_TYPE: readonly string[] = ['json'];

/** `wilco listen`: prints each message as a line, and confirms it when the line was written. */
export function listenCommand(): Command {
  const command = new Command('listen')
    .summary('receive messages, print each as a line of JSON, confirm what was printed')
    .description(
      'Receives messages and prints, or appends to a file, one line for each. A message counts as\n' +
        'handled, for its sender, when its line was written.',
    )
    .addOption(
      new Option('-p, --port <port>', '0 lets the system choose').argParser(wholeNumber(0, 65_535)),
    )
    .option('--host <host>', 'name or address to listen on', 'localhost')
    .option('--path <path>', 'listen on a Unix socket instead of a port')
    .addOption(
      new Option('-o, --out <file>', 'append the lines to this file; - prints them').default(
        '-',
        'they are printed',
      ),
    )
    .option('--sync', 'with --out: a line counts as written when it is on the disk (fdatasync)')
    .addOption(
      new Option('--type <name>', 'the message type; may be given more than once')
        .argParser((name: string, before: readonly string[]) => [
          ...(before === DEFAULT_TYPE ? [] : before),
          name,
        ])
        .default(DEFAULT_TYPE, 'json'),
    )
    .addOption(
      new Option('--drain <duration>', 'how long a signal lets what is in flight settle')
        .argParser(durationMs)
        .default(5_000, '5s'),
    );
  withStoreOption(withServerOptions(command));
  withLogOptions(command);
  return command.addHelpText('after', LISTEN_MANUAL).action(listen);
}

function listen(settings: ListenSettings): Promise<void> {
  return act(settings, (reporter) => {
    const { sync, out } = settings;
    if (sync === true && out === '-') {
      throw new CommandError('--sync goes with --out FILE', EXIT.usage);
    }
    return new ListenJob(settings, placeOf(settings), reporter).run();
  });
}

function placeOf({ port, host, path }: ListenSettings): Target {
  if ((port === undefined) === (path === undefined)) {
    throw new CommandError('wanted --port PORT or --path PATH', EXIT.usage);
  }
  return path === undefined ? { host, port, path } : { host: undefined, port: undefined, path };
}
