import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A fault put into the code on purpose, and the test that must notice it. */
export interface Mutant {
  /** The row of the catalogue of failures, or the name of what the code is without. */
  readonly id: string;
  /** What is wrong with it. */
  readonly sentence: string;
  /** The test file that must fail, from the root of the repository. */
  readonly test: string;
  /** The patch, a unified diff against the root. */
  readonly path: string;
}

const HEADER = /^# ([^:]+): (.+); killed by (\S+)$/;

/**
 * Reads the patches of a folder, in the order of their names.
 *
 * @throws `Error` for a patch whose first line does not name fault and test.
 */
export function readMutants(folder: string): Mutant[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.patch'));
  const byName = new Intl.Collator('en', { numeric: true });
  return names.sort((a, b) => byName.compare(a, b)).map((name) => read(join(folder, name)));
}

function read(path: string): Mutant {
  const [first = ''] = readFileSync(path, 'utf8').split('\n', 1);
  const [, id, sentence, test] = HEADER.exec(first) ?? [];
  if (id === undefined || sentence === undefined || test === undefined) {
    throw new Error(`${path}: the first line is not '# id: sentence; killed by test'`);
  }
  if (basename(path) !== `${id}.patch`) throw new Error(`${path} says that it is ${id}`);
  return { id, sentence, test, path };
}
