import { exitCodeUnwritten } from './exit-codes.ts';
import { LineWriter, streamSink } from './line-writer.ts';

const DEFAULT_COLUMNS = 80;

/** Results on standard output: whole lines, and whether they could be written. */
export class Screen {
  /** How many characters fit into a line. */
  readonly width: number;
  readonly #output = new LineWriter(streamSink(process.stdout));
  #failure: unknown;

  constructor() {
    // A pipe has no width, and a terminal that does not know its own says 0.
    const { columns } = process.stdout as { readonly columns?: number };
    this.width = columns === undefined || columns === 0 ? DEFAULT_COLUMNS : columns;
  }

  /** Writes text as it is. */
  write(text: string): void {
    this.#output.write(new TextEncoder().encode(text)).catch((error: unknown) => {
      this.#failure ??= error;
    });
  }

  /** Writes lines for people. */
  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.write(`${lines.join('\n')}\n`);
  }

  /** Resolves, when all is written, with `code`, or with that of what could not be written. */
  async done(code: number): Promise<number> {
    await this.#output.close();
    return this.#failure === undefined ? code : exitCodeUnwritten(this.#failure);
  }
}
