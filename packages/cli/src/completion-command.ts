import { Argument, Command, type Option } from 'commander';
import { COMPLETION_MANUAL } from './manual.ts';

/** `wilco completion`: a script that teaches a shell the commands and options of this version. */
export function completionCommand(root: Command): Command {
  return new Command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script by which a shell completes the commands and options of wilco.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', COMPLETION_MANUAL)
    .action((shell: keyof typeof SCRIPTS) => {
      process.stdout.write(SCRIPTS[shell](commandsOf(root)));
    });
}

/** What a completion script has to know of a command. */
interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  /** Words that its first argument may be; empty: a file. */
  readonly words: readonly string[];
}

const SCRIPTS = { bash, zsh, fish };

function commandsOf(root: Command): Completed[] {
  return root.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    options: optionsOf(command),
    words: [
      ...command.commands.map((one) => one.name()),
      ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    ],
  }));
}

/** Its own, and those of the commands that it has: each once. */
function optionsOf(command: Command): Option[] {
  const all = [command, ...command.commands].flatMap((one) => one.createHelp().visibleOptions(one));
  return all.filter(({ flags }, at) => all.findIndex((one) => one.flags === flags) === at);
}

function flagsOf(option: Option): string[] {
  return option.flags.split(/[ ,|]+/).filter((word) => word.startsWith('-'));
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, options, words }) => {
    const flags = options.flatMap(flagsOf).join(' ');
    const choices = options
      .filter(({ argChoices }) => argChoices !== undefined)
      .map(
        (one) =>
          `        ${flagsOf(one).join('|')}) words='${(one.argChoices ?? []).join(' ')}' ;;`,
      );
    const inner = [
      `      case "$previous" in`,
      ...choices,
      `        *) words='${[flags, ...words].join(' ')}' ;;`,
      `      esac ;;`,
    ];
    return [`    ${name})`, ...inner].join('\n');
  });
  return `# wilco completion for bash: eval "$(wilco completion bash)"
_wilco() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${commands.map(({ name }) => name).join(' ')} --help --version'
  else
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _wilco wilco
`;
}

function zsh(commands: readonly Completed[]): string {
  const list = commands
    .map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
    .join('\n');
  const cases = commands.map(({ name, options, words }) => {
    const specs = options.flatMap((option) => flagsOf(option).map((flag) => zshSpec(flag, option)));
    const first = words.length > 0 ? [quoted(`1:word:(${words.join(' ')})`)] : [];
    return `    ${name}) _arguments ${[...specs, ...first, quoted('*:file:_files')].join(' ')} ;;`;
  });
  return `#compdef wilco
# wilco completion for zsh: eval "$(wilco completion zsh)" after compinit
_wilco() {
  local -a commands=(
${list}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _wilco wilco
`;
}

function zshSpec(flag: string, { description, required, argChoices }: Option): string {
  const about = description.replaceAll(/[[\]:]/g, ' ');
  const value = argChoices === undefined ? ':value:_files' : `:value:(${argChoices.join(' ')})`;
  return quoted(`${flag}[${about}]${required ? value : ''}`);
}

function fish(commands: readonly Completed[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const lines = commands.flatMap(({ name, summary, options, words }) => [
    `complete -c wilco -n "not __fish_seen_subcommand_from ${names}" -a ${name} -d ${quoted(summary)}`,
    ...words.map((word) => `complete -c wilco -n "__fish_seen_subcommand_from ${name}" -a ${word}`),
    ...options.map((option) => fishOption(name, option)),
  ]);
  return `# wilco completion for fish: wilco completion fish | source\n${lines.join('\n')}\n`;
}

function fishOption(command: string, option: Option): string {
  const flags = flagsOf(option).map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const value = option.required ? ' -r' : '';
  const choices =
    option.argChoices === undefined ? '' : ` -f -a ${quoted(option.argChoices.join(' '))}`;
  const about = quoted(option.description);
  return `complete -c wilco -n "__fish_seen_subcommand_from ${command}" ${flags.join(' ')}${value}${choices} -d ${about}`;
}

/** In single quotes, as all three shells read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
