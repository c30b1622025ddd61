/** A child process that runs one endpoint, and tells what happens to it. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a child tells: what happened, when by the wall clock, and the facts. */
export interface Told {
  readonly event: string;
  readonly atMs: number;
  readonly [fact: string]: unknown;
}

/** What a child is asked to do. */
export type Order =
  | { readonly order: 'send'; readonly values: readonly number[] }
  | { readonly order: 'block'; readonly ms: number }
  | { readonly order: 'report' }
  | { readonly order: 'close' };

export interface ChildOptions {
  readonly nodeOptions?: readonly string[];
  /** How many files and sockets it may have open. */
  readonly maxFiles?: number;
}

export class Child {
  readonly told: Told[] = [];
  readonly #process: ChildProcess;
  readonly #watchers = new Set<() => void>();
  readonly #exit: Promise<{ code: number | undefined; signal: string | undefined }>;
  #hasExited = false;
  #errors = '';

  /** Runs a program of `programs/`, with `task` as its one argument. */
  constructor(program: string, task: unknown, { nodeOptions = [], maxFiles }: ChildOptions = {}) {
    this.#process = fork(
      fileURLToPath(new URL(`programs/${program}.ts`, import.meta.url)),
      [JSON.stringify(task)],
      {
        cwd: ROOT,
        ...startedBy(maxFiles, ['--import', 'tsx', '--conditions=source', ...nodeOptions]),
        stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      },
    );
    this.#process.stderr?.on('data', (bytes: Buffer) => (this.#errors += bytes.toString()));
    this.#process.on('message', (told) => {
      this.told.push(told as Told);
      this.#tell();
    });
    this.#exit = new Promise((resolve) => {
      this.#process.on('exit', (code, signal) => {
        this.#hasExited = true;
        this.#tell();
        resolve({ code: code ?? undefined, signal: signal ?? undefined });
      });
    });
  }

  get id(): number {
    return this.#process.pid ?? Number.NaN;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** What it wrote on its standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** How it ended. */
  get exit(): Promise<{ code: number | undefined; signal: string | undefined }> {
    return this.#exit;
  }

  order(order: Order): void {
    this.#process.send(order);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  all(event: string): Told[] {
    return this.told.filter((one) => one.event === event);
  }

  /** Resolves with the first of what it tells that fits, counted from the `from`-th thing told on. */
  async until(event: string, fits: (told: Told) => boolean = () => true, from = 0): Promise<Told> {
    for (;;) {
      const found = this.told.slice(from).find((one) => one.event === event && fits(one));
      if (found !== undefined) return found;
      if (this.#hasExited) throw new Error(`it ended before '${event}': ${this.#errors}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Ends it for good, suspended or not. */
  async close(): Promise<void> {
    if (!this.#hasExited) this.#process.kill('SIGKILL');
    await this.#exit;
  }

  #tell(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const tell of watchers) tell();
  }
}

/** A shell lowers the limit, and becomes the program. */
function startedBy(maxFiles: number | undefined, execArgv: string[]) {
  if (maxFiles === undefined) return { execArgv };
  const script = `ulimit -n ${maxFiles} && exec "$0" "$@"`;
  return { execPath: '/bin/sh', execArgv: ['-c', script, process.execPath, ...execArgv] };
}
