import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { completionCommand } from './completion-command.ts';
import { jsonLine } from './json-text.ts';
import { listenCommand } from './listen-command.ts';
import { MANUAL } from './manual.ts';
import { pingCommand } from './ping-command.ts';
import { proxyCommand } from './proxy-command.ts';
import { sendCommand } from './send-command.ts';
import { storeCommand } from './store-command.ts';

/** The whole command line of `wilco`: its commands, options and manual. */
export function wilcoProgram(): Command {
  const program = new Command('wilco')
    .description(
      'Moves lines of JSON from one machine to another, with a true receipt for each line.',
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this manual')
    .addHelpText('after', MANUAL);
  program.addCommand(listenCommand());
  program.addCommand(sendCommand());
  program.addCommand(pingCommand());
  program.addCommand(proxyCommand());
  program.addCommand(storeCommand());
  program.addCommand(completionCommand(program));
  program.helpCommand('help [command]', 'print the manual of a command');
  for (const command of allCommands(program)) {
    command.exitOverride().configureHelp({ helpWidth: HELP_WIDTH });
    const see = `${fullName(command)} --help`;
    command.configureOutput({ outputError: (text, write) => write(usageError(text, see)) });
  }
  return program;
}

/** The same on every terminal, so that the manual reads the same everywhere. */
const HELP_WIDTH = 100;

/** What is wrong with the command line, in the way in which the log would say it. */
function usageError(text: string, see: string): string {
  if (!process.argv.includes('--json')) return `${text}(see: ${see})\n`;
  return jsonLine({ level: 'error', event: 'usage', text: text.trim(), see });
}

/** A command, and those that it has, each before its own. */
export function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** As one writes it: `wilco store list`. */
export function fullName(command: Command): string {
  const { parent } = command;
  return parent instanceof Command ? `${fullName(parent)} ${command.name()}` : command.name();
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
