import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CrashResult } from './conversation.ts';

/** What was found, case by case, in a file: a run that is broken off goes on where it was. */
export class Progress {
  readonly #path = fileURLToPath(new URL(`.progress-${commit()}.jsonl`, import.meta.url));
  readonly #results = new Map<string, CrashResult>();

  constructor(mode: 'anew' | 'resume') {
    if (mode === 'anew') rmSync(this.#path, { force: true });
    if (!existsSync(this.#path)) return;
    for (const line of readFileSync(this.#path, 'utf8').split('\n').filter(Boolean)) {
      const { name, result } = JSON.parse(line) as { name: string; result: CrashResult };
      this.#results.set(name, result);
    }
  }

  get count(): number {
    return this.#results.size;
  }

  get failed(): number {
    return [...this.#results.values()].filter(({ fault }) => fault !== undefined).length;
  }

  get summary(): string {
    const results = [...this.#results.values()];
    const killed = results.filter(({ wasKilled }) => wasKilled).length;
    const lost = results.filter(({ lostBytes }) => lostBytes > 0).length;
    const words = `${killed} of ${results.length} came to the crash, ${lost} lost bytes that were not synced`;
    return `${words}, ${this.failed} failed`;
  }

  has(name: string): boolean {
    return this.#results.has(name);
  }

  add(name: string, result: CrashResult): void {
    this.#results.set(name, result);
    appendFileSync(this.#path, `${JSON.stringify({ name, result })}\n`);
  }
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}
