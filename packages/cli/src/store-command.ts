import { Argument, Command, Option } from 'commander';
import { act, withLogOptions, type LogSettings } from './command-action.ts';
import { STORE_MANUAL, STORE_MANUALS } from './manual.ts';
import { wholeNumber } from './option-values.ts';
import { inspectStore, listStore, verifyStore, type ListSettings } from './store-look.ts';
import { purgeStore, requeueStore, type PurgeSettings, type ChoiceSettings } from './store-work.ts';

/** `wilco store`: looks into a store whose owner is stopped, and puts right what can be. */
export function storeCommand(): Command {
  const command = new Command('store')
    .summary('look into a store: what is pending and why, dead letters, damage')
    .description(
      'Looks into the folder of a store (--store DIR, levelStore) while its owner is stopped.',
    )
    .addHelpText('after', STORE_MANUAL);
  for (const one of [inspect(), list(), verify(), requeue(), purge()]) command.addCommand(one);
  return command;
}

function inspect(): Command {
  return named('inspect', 'what is in it, at a glance: how much is pending, for whom, why').action(
    (path: string, settings: LogSettings) => act(settings, () => inspectStore(path, settings)),
  );
}

function list(): Command {
  const command = named('list', 'each pending message, or dead letter: since when, and why')
    .option('--dead', 'dead letters: messages on which handlers were started, and none finished')
    .addOption(
      new Option(
        '--limit <n>',
        'how many, at most; 0: all (default: 100; with --json: all)',
      ).argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    );
  withFilters(command);
  return command.action((path: string, settings: ListSettings & LogSettings) =>
    act(settings, () => listStore(path, settings)),
  );
}

function verify(): Command {
  return named(
    'verify',
    'read all of it; the exit code is 0 where nothing is missing or wrong',
  ).action((path: string, settings: LogSettings) =>
    act(settings, () => verifyStore(path, settings)),
  );
}

function requeue(): Command {
  const command = named('requeue', 'have handlers started on dead letters again').addArgument(
    ids(),
  );
  withFilters(command).option('--all', 'all of them');
  return command.action((path: string, names: string[], settings: ChoiceSettings & LogSettings) =>
    act(settings, (reporter) => requeueStore(path, { ...settings, ids: names }, reporter)),
  );
}

function purge(): Command {
  const command = named('purge', 'give up dead letters, or what waits to be sent').addArgument(
    ids(),
  );
  command
    .option('--dead', 'dead letters: they are gone')
    .option('--pending', 'what waits to be sent: its time to live ends now');
  withFilters(command)
    .option('--all', 'all of them')
    .option('--yes', 'do it; without this it only says what would be lost');
  return command.action((path: string, names: string[], settings: PurgeSettings & LogSettings) =>
    act(settings, (reporter) => purgeStore(path, { ...settings, ids: names }, reporter)),
  );
}

function named(name: keyof typeof STORE_MANUALS, summary: string): Command {
  const command = new Command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .addArgument(new Argument('<dir>', 'the folder of the store'))
    .addHelpText('after', STORE_MANUALS[name]);
  return withLogOptions(command);
}

function ids(): Argument {
  return new Argument('[id...]', 'the ids of messages, as list prints them');
}

function withFilters(command: Command): Command {
  return command
    .option('--session <id>', 'only those of this session; the beginning of its id is enough')
    .option('--type <name>', 'only those of this message type');
}
