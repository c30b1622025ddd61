import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { root } from '../house/workspace.mjs';
import { MEASURED } from './build-stale.ts';
import type { Figures, Run } from './figures.ts';
import type { PlannedRun } from './plan.ts';

const RESULTS = new URL('results/', import.meta.url);

/** Figures on the disk, written after each run, so that nothing is lost where it is broken off. */
export class ResultsFile {
  readonly #url: URL;
  readonly figures: Figures;
  readonly #runs: Run[];

  private constructor(name: string, figures: Figures) {
    mkdirSync(RESULTS, { recursive: true });
    this.#url = new URL(name, RESULTS);
    this.#runs = [...figures.runs];
    this.figures = { ...figures, runs: this.#runs };
  }

  /** A file of its own. */
  static create(figures: Figures): ResultsFile {
    return new ResultsFile(`${figures.startedAt.replaceAll(':', '-')}.json`, figures);
  }

  /** Goes on with what was measured of the same code before, if there is any. */
  static resume(figures: Figures): ResultsFile {
    const name = `matrix-${builtCode()}.json`;
    const url = new URL(name, RESULTS);
    if (!existsSync(url)) return new ResultsFile(name, figures);
    const { startedAt, runs } = JSON.parse(readFileSync(url, 'utf8')) as Figures;
    return new ResultsFile(name, { ...figures, startedAt, runs });
  }

  has({ round, row, peer }: PlannedRun): boolean {
    return this.#runs.some(
      (run) => run.round === round && run.row === row.name && run.peer === peer.name,
    );
  }

  add(run: Run): void {
    this.#runs.push(run);
    writeFileSync(this.#url, jsonOf(this.figures));
  }
}

export function jsonOf(figures: Figures): string {
  return `${JSON.stringify(figures, undefined, 1)}\n`;
}

/** Names what is measured: figures of other code are not to be mixed with it. */
function builtCode(): string {
  const hash = createHash('sha256');
  for (const folder of MEASURED) {
    const dist = `${root}packages/${folder}/dist/`;
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((one) => one.endsWith('.js')).sort())
      hash.update(readFileSync(`${dist}${file}`));
  }
  return hash.digest('hex').slice(0, 12);
}
