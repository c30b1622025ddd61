import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** One line of the log of a program: what happened, and the facts of it. */
export interface ProgramEvent {
  readonly event: string;
  readonly [fact: string]: unknown;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A program in a process of its own. It tells what happens as JSON, one object a
 * line, on standard output or standard error: the command `wilco` does so with `--json`.
 */
export class Program {
  /** Its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly #name: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #listeners: ((event: ProgramEvent) => void)[] = [];

  /** Starts the program at `path`, under this Node.js. */
  constructor(path: string, words: readonly string[]) {
    this.#name = [path, ...words.slice(0, 1)].join(' ');
    const loader = path.endsWith('.ts') ? ['--import', 'tsx', '--conditions=source'] : [];
    this.#process = spawn(process.execPath, [...loader, path, ...words], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // What is written to a program that has ended is lost; its exit code tells.
    this.#process.stdin.on('error', () => {});
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#hear(line));
    }
    this.ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject);
      this.#process.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  /** Calls `listener` with each thing that it tells. */
  onEvent(listener: (event: ProgramEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Resolves with the first event of this name; rejects if the program ends before. */
  event(name: string): Promise<ProgramEvent> {
    const told = new Promise<ProgramEvent>((resolve) => {
      this.onEvent((event) => {
        if (event.event === name) resolve(event);
      });
    });
    const early = this.ended.then((code) => {
      throw new Error(`${this.#name} ended with ${code}`);
    });
    early.catch(() => {});
    return Promise.race([told, early]);
  }

  /** Writes to what it reads; resolves when there is room for more. */
  async write(text: string): Promise<void> {
    const { stdin } = this.#process;
    if (!stdin.write(text)) await Promise.race([once(stdin, 'drain'), this.ended]);
  }

  /** Says that there is nothing more to read. */
  endInput(): void {
    this.#process.stdin.end();
  }

  /** Asks it to end, as `Ctrl-C` would, and resolves when it has. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.ended;
  }

  /** Ends it at once, if it still runs. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #hear(line: string): void {
    if (!line.startsWith('{')) {
      // A program that fails before it can speak JSON.
      console.error(line);
      return;
    }
    const { event = '', ...facts } = JSON.parse(line) as Partial<ProgramEvent>;
    for (const listener of this.#listeners) listener({ ...facts, event });
  }
}
