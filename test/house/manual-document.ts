import { wilcoProgram } from '../../packages/cli/src/program.ts';

/** The manual of the command line, as it prints it: the whole, then each command. */
export function manualDocument(): string {
  const program = wilcoProgram();
  return [program, ...program.commands]
    .map((command) => {
      let text = '';
      command.configureOutput({ writeOut: (part) => (text += part) });
      command.outputHelp();
      const title = command === program ? 'wilco' : `wilco ${command.name()}`;
      return `### ${title}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
    })
    .join('\n');
}
