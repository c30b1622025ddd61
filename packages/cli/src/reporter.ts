import { styleText } from 'node:util';
import { jsonLine } from './json-text.ts';

/** How much a line of the log matters. */
export type Level = 'info' | 'warning' | 'error';

/** How a reporter speaks. */
export interface ReporterOptions {
  /** A JSON object a line, for scripts. */
  readonly isJson: boolean;
  /** Nothing below a warning. */
  readonly isQuiet: boolean;
  /** Colours, and a status line that is written over. */
  readonly isTerminal: boolean;
}

/** Where a reporter writes. */
export interface ReporterStream {
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const TO_LINE_START = '\r\u001B[2K';
const DEFAULT_COLUMNS = 80;

/** The log of a command on standard error, and below it, on a terminal, one line that lives. */
export class Reporter {
  readonly isTerminal: boolean;
  readonly isJson: boolean;
  readonly #stream: ReporterStream;
  readonly #isQuiet: boolean;
  #status = '';

  constructor(stream: ReporterStream, { isJson, isQuiet, isTerminal }: ReporterOptions) {
    this.#stream = stream;
    this.isJson = isJson;
    this.isTerminal = isTerminal;
    this.#isQuiet = isQuiet;
  }

  /** One line of the log. Scripts see `event` and `fields`, people see `text`. */
  log(
    level: Level,
    event: string,
    text: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    if (this.#isQuiet && level === 'info') return;
    if (this.isJson) {
      this.#stream.write(jsonLine({ level, event, text, ...fields }));
      return;
    }
    const words = `wilco: ${text}`;
    this.#clearStatus();
    this.#stream.write(`${this.#coloured(level, words)}\n`);
    this.#drawStatus();
  }

  /** Replaces the line that lives; nothing where there is no terminal. */
  status(text: string): void {
    if (!this.isTerminal) return;
    this.#clearStatus();
    this.#status = text;
    this.#drawStatus();
  }

  /** Leaves the last status standing, as a line of its own. */
  endStatus(): void {
    if (this.#status !== '') this.#stream.write('\n');
    this.#status = '';
  }

  #coloured(level: Level, text: string): string {
    if (!this.isTerminal || level === 'info') return text;
    return colour(level === 'error' ? 'red' : 'yellow', text);
  }

  #clearStatus(): void {
    if (this.#status !== '') this.#stream.write(TO_LINE_START);
  }

  #drawStatus(): void {
    if (this.#status === '') return;
    // A line that fills the terminal would wrap, and could not be written over.
    // A terminal that does not know its width says 0.
    const { columns = 0 } = this.#stream;
    const width = columns > 0 ? columns : DEFAULT_COLUMNS;
    this.#stream.write(this.#status.slice(0, width - 1));
  }
}

/** Colours a text, unless the user said `NO_COLOR` (https://no-color.org). */
function colour(name: 'red' | 'yellow', text: string): string {
  const { NO_COLOR } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return text;
  // Node.js would look whether standard output is a terminal; this goes to standard error.
  return styleText(name, text, { validateStream: false });
}
