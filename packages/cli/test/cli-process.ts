import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, vi } from 'vitest';
import { bundleCli } from './cli-bundle.ts';

const BUNDLE = await bundleCli();

/** How a process of the command line is started. */
export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads. @defaultValue nothing */
  readonly input?: string | Uint8Array;
  /** A file, or device, that its standard output leads to. @defaultValue `stdout` gathers it */
  readonly output?: string;
  /** Whether more may be written to what it reads. @defaultValue `false` */
  readonly isInputOpen?: boolean;
}

// Starting a process takes seconds on a busy machine, and most tests start several.
vi.setConfig({ testTimeout: 120_000 });

afterAll(() => rmSync(BUNDLE.folder, { recursive: true }));

const running = new Set<CliProcess>();
const folders: string[] = [];

afterEach(async () => {
  for (const one of running) one.kill('SIGKILL');
  await Promise.all([...running].map(({ exit }) => exit));
  running.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder for the files of one test; gone after it. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wilco-cli-test-'));
  folders.push(folder);
  return folder;
}

/** Starts `wilco` with these arguments. It is killed after the test, if it still runs. */
export function wilco(words: readonly string[], options: CliOptions = {}): CliProcess {
  const started = new CliProcess(words, options);
  running.add(started);
  return started;
}

/** Starts `wilco listen` on a port that the system chooses, and waits until it listens. */
export async function listening(
  words: readonly string[] = [],
  options: CliOptions = {},
): Promise<{ readonly listener: CliProcess; readonly port: number }> {
  const named = words.includes('--port') ? [] : ['--port', '0'];
  const listener = wilco(['listen', '--host', '127.0.0.1', '--json', ...named, ...words], options);
  const [, port] = await listener.errors(/"event":"listening".*?"port":(\d+)/);
  return { listener, port: Number(port) };
}

/** A running `wilco`, and all that it has said. */
export class CliProcess {
  readonly child: ChildProcess;
  /** Its exit code, or the name of the signal that ended it. */
  readonly exit: Promise<number | string>;
  stdout = '';
  stderr = '';
  readonly #watchers = new Set<() => void>();

  constructor(words: readonly string[], options: CliOptions) {
    const { env = {}, input = '', output, isInputOpen = false } = options;
    this.child = spawn(process.execPath, [BUNDLE.main, ...words], {
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['pipe', output === undefined ? 'pipe' : openSync(output, 'w'), 'pipe'],
    });
    this.child.stdout?.on('data', (text: Buffer) => {
      this.stdout += text.toString('latin1');
      this.#look();
    });
    this.child.stderr?.on('data', (text: Buffer) => {
      this.stderr += text.toString();
      this.#look();
    });
    // One that does not read, or is gone, is what some tests are about.
    this.child.stdin?.on('error', () => {});
    this.child.stdin?.write(input);
    if (!isInputOpen) this.child.stdin?.end();
    this.exit = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        resolve(code ?? signal ?? 'unknown');
        this.#look();
      });
    });
  }

  /** What it printed, as it was meant: UTF-8. */
  get text(): string {
    return Buffer.from(this.stdout, 'latin1').toString();
  }

  /** Resolves when its log matches. */
  errors(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(() => pattern.exec(this.stderr), pattern);
  }

  /** Resolves when what it printed matches. */
  prints(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(() => pattern.exec(this.text), pattern);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  #until<Value>(find: () => Value | null, wanted: RegExp): Promise<Value> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found !== null) {
          this.#watchers.delete(look);
          resolve(found);
        } else if (this.child.exitCode !== null || this.child.signalCode !== null) {
          reject(new Error(`ended without ${String(wanted)}: ${this.stdout}\n${this.stderr}`));
        }
      };
      this.#watchers.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** The objects in a text of JSON lines. */
export function objectsOf(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The bodies in what `wilco listen` printed, as they stand there. */
export function bodiesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(line.indexOf('"body":') + '"body":'.length, -1));
}
