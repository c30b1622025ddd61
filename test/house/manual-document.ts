import { allCommands, fullName, wilcoProgram } from '../../packages/cli/src/program.ts';

/** The manual of the command line, as it prints it: the whole, then each command. */
export function manualDocument(): string {
  return allCommands(wilcoProgram())
    .map((command) => {
      let text = '';
      command.configureOutput({ writeOut: (part) => (text += part) });
      command.outputHelp();
      return `### ${fullName(command)}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
    })
    .join('\n');
}
