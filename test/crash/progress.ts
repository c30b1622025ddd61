import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NamedCase } from './cases.ts';

/** What came of a case, or of a round of kills. */
interface Result {
  readonly wasKilled?: boolean;
  readonly lostBytes?: number;
  readonly kills?: number;
  readonly fault: string | undefined;
}

/** A line of the file: all cases, or what came of one. */
interface Entry {
  readonly cases?: readonly NamedCase[];
  readonly name?: string;
  readonly result?: Result;
}

/** What was found, case by case, in a file: a run that is broken off goes on where it was. */
export class Progress {
  readonly #path: string;
  readonly #results = new Map<string, Result>();
  #cases: readonly NamedCase[] | undefined;

  /** @param kind - Runs of another kind do not go on with it. */
  constructor(kind: string, mode: 'anew' | 'resume') {
    const name = `.progress-${commit()}-${kind}.jsonl`;
    this.#path = fileURLToPath(new URL(name, import.meta.url));
    if (mode === 'anew') rmSync(this.#path, { force: true });
    if (!existsSync(this.#path)) return;
    for (const line of readFileSync(this.#path, 'utf8').split('\n').filter(Boolean)) {
      const { cases, name: done, result } = JSON.parse(line) as Entry;
      if (cases !== undefined) this.#cases = cases;
      if (done !== undefined && result !== undefined) this.#results.set(done, result);
    }
  }

  /** All cases of the sweep: looked for once, since their number is not the same each time. */
  async cases(find: () => Promise<readonly NamedCase[]>): Promise<readonly NamedCase[]> {
    if (this.#cases === undefined) {
      this.#cases = await find();
      this.#write({ cases: this.#cases });
    }
    return this.#cases;
  }

  get count(): number {
    return this.#results.size;
  }

  get failed(): number {
    return [...this.#results.values()].filter(({ fault }) => fault !== undefined).length;
  }

  /** How often a process was killed at random. */
  get kills(): number {
    return [...this.#results.values()].reduce((sum, { kills = 0 }) => sum + kills, 0);
  }

  get summary(): string {
    const results = [...this.#results.values()];
    const killed = results.filter(({ wasKilled }) => wasKilled).length;
    const lost = results.filter(({ lostBytes = 0 }) => lostBytes > 0).length;
    const words = `${killed} of ${results.length} came to the crash, ${lost} lost bytes that were not synced`;
    return `${words}, ${this.failed} failed`;
  }

  has(name: string): boolean {
    return this.#results.has(name);
  }

  add(name: string, result: Result): void {
    this.#results.set(name, result);
    this.#write({ name, result });
  }

  #write(entry: Entry): void {
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}
