import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a program said and how it ended. */
export interface ProgramEnd {
  readonly code: number;
  readonly output: string;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Runs a TypeScript program in a process of its own, as the manual says, and waits for its end. */
export function runProgram(path: string, options: readonly string[] = []): Promise<ProgramEnd> {
  const started = ['--import', 'tsx', '--conditions=source', path, ...options];
  const child = spawn(process.execPath, started, { cwd: ROOT });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code: code ?? -1, output: output + (signal ?? '') }),
    );
  });
}
