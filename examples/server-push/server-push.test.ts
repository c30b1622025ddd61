import { expect, test } from 'vitest';
import { runProgram } from '../run-program.ts';

test('a server tells a hundred clients, and knows of the one that failed', async () => {
  expect(await runProgram('examples/server-push/server-push.ts')).toEqual({
    code: 0,
    output:
      '99 of 100 screens show the new price\n' +
      'one does not: no picture\n' +
      '1 price on 99 screens\n',
  });
});
