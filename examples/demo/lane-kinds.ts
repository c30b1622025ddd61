import { fileURLToPath } from 'node:url';
import { CLI_PATH } from './bundled-cli.ts';

/** One way of sending: which programs do it, and what they leave behind. */
export interface LaneKind {
  readonly name: string;
  /** What its messages look like to the proxy. */
  readonly framing: 'wilco' | 'lines';
  /** The program that writes what arrives to a file, and its words. */
  listener(file: string, waitMs: number): Command;
  /** The program that sends the lines that it reads, and writes what it was told of each. */
  sender(port: number, receipts: string, waitMs: number): Command;
  /** The order in a line of the file of what arrived. */
  orderIn(line: string): string;
  /** Whether a line of the receipts says that the order got there. */
  isSuccess(receipt: string): boolean;
}

/** A program and what it is started with. */
export interface Command {
  readonly path: string;
  readonly words: readonly string[];
}

/** The command line: `wilco` where it is installed. */
export function wilco(...words: readonly string[]): Command {
  return { path: CLI_PATH, words: [...words, '--json'] };
}

const BODY = '"body":';

export const WILCO: LaneKind = {
  name: 'Wilco',
  framing: 'wilco',
  listener: (file, waitMs) =>
    wilco('listen', '--host=127.0.0.1', '--port=0', `--out=${file}`, `--wait=${waitMs}ms`),
  // The network never stays up for long here: try again soon, and keep trying soon.
  sender: (port, receipts, waitMs) =>
    wilco(
      ...['send', `--to=127.0.0.1:${port}`, `--receipts=${receipts}`],
      ...[`--wait=${waitMs}ms`, '--retry=100ms', '-'],
    ),
  orderIn: (line) => line.slice(line.indexOf(BODY) + BODY.length, -1),
  isSuccess: (receipt) => receipt.includes('"outcome":"handled"'),
};

export const PLAIN: LaneKind = {
  name: 'socket.write()',
  framing: 'lines',
  listener: (file) => ({ path: pathOf('plain-receiver.ts'), words: [file] }),
  sender: (port, receipts) => ({
    path: pathOf('plain-sender.ts'),
    words: [String(port), receipts],
  }),
  orderIn: (line) => line,
  isSuccess: (receipt) => receipt.includes('"outcome":"succeeded"'),
};

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
