/** `npm run mutants` takes minutes; that each fault still fits the code is looked at each time. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readMutants } from './mutant.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');

test('each fault fits the code as it is', () => {
  const misfits = readMutants(HERE).filter(({ path }) => {
    const check = ['apply', '-C1', '--check', path];
    return spawnSync('git', check, { cwd: ROOT, encoding: 'utf8' }).status !== 0;
  });
  expect(misfits.map(({ id }) => id)).toEqual([]);
});
