import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { STOP, type ChildReport, type Counts } from './child-report.ts';

/** A program of this folder, running in a process of its own. */
export class Child {
  /** The port it listens on. Never resolves for a program that does not listen. */
  readonly ready: Promise<number>;
  /** Its last counts. Rejects if the process ends before it has told them. */
  readonly done: Promise<Counts>;
  readonly #program: string;
  readonly #process: ChildProcess;
  #counts: Counts = {};

  /** Starts `program`, such as `'./sender.ts'`, under the Node.js and with the loader of this process. */
  constructor(program: string, settings: object) {
    this.#program = program;
    const path = fileURLToPath(new URL(program, import.meta.url));
    this.#process = fork(path, [JSON.stringify(settings)]);
    this.ready = this.#told((told) => (told.type === 'ready' ? told.port : undefined));
    this.done = this.#told((told) => (told.type === 'done' ? told.counts : undefined));
    this.#process.on('message', (message) => {
      const told = message as ChildReport;
      if (told.type !== 'ready') this.#counts = told.counts;
    });
  }

  /** What it told last. */
  get counts(): Counts {
    return this.#counts;
  }

  /** Asks it to end, and resolves with its last counts. */
  stop(): Promise<Counts> {
    if (this.#process.connected) this.#process.send(STOP);
    return this.done;
  }

  /** Resolves with the first thing told that `pick` picks; rejects if the process ends before. */
  #told<Value>(pick: (told: ChildReport) => Value | undefined): Promise<Value> {
    const told = new Promise<Value>((resolve, reject) => {
      this.#process.on('message', (message) => {
        const value = pick(message as ChildReport);
        if (value !== undefined) resolve(value);
      });
      this.#process.on('exit', (code, signal) =>
        reject(new Error(`${this.#program} ended with ${String(code ?? signal)}`)),
      );
    });
    // Whoever waits for it gets the error; a process that nobody waits for may end.
    told.catch(() => {});
    return told;
  }

  /** Ends it at once, if it still runs. */
  kill(): void {
    if (this.#process.exitCode === null) this.#process.kill('SIGKILL');
  }
}
