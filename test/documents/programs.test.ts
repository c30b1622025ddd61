import { describe, expect, test } from 'vitest';
import { countOfBlocks, pagesOfPackages, programsOf, run } from './programs.ts';

const MANUALS = ['packages/client/README.md', 'packages/server/README.md'];

describe.each([...MANUALS, ...pagesOfPackages()])('%s', (path) => {
  const programs = programsOf(path);

  test('says of each of its programs what it prints', () => {
    expect(programs).toHaveLength(countOfBlocks(path));
    expect(programs).not.toHaveLength(0);
  });

  test.each(programs)('$name prints what it says', async (program) => {
    expect(await run(program)).toBe(program.output);
  });
});
