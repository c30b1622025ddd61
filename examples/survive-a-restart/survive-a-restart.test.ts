import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'wilco-payments-'));

afterAll(() => rmSync(folder, { recursive: true }));

test('payments survive the end of the process, and each is booked once', async () => {
  const run = (dies: string): ReturnType<typeof runProgram> =>
    runProgram('examples/survive-a-restart/survive-a-restart.ts', [folder, dies]);

  const first = await run('when-queued');
  expect(first.output).toBe(
    'left by earlier runs: 0\nqueued: three payments are on the disk\nSIGKILL',
  );

  const second = await run('in-the-handler');
  expect(second.output).toBe('left by earlier runs: 3\nSIGKILL');

  const third = await run('never');
  expect(third).toMatchObject({ code: 0 });
  expect(third.output).toMatch(/booked: 60\n$/);

  const fourth = await run('never');
  expect(fourth).toEqual({ code: 0, output: 'left by earlier runs: 0\nbooked: 60\n' });
});
