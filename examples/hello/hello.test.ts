import { expect, test } from 'vitest';
import { runProgram } from '../run-program.ts';

test('hello is received, handled and answered, and the process ends by itself', async () => {
  expect(await runProgram('examples/hello/hello.ts')).toEqual({
    code: 0,
    output:
      'received: the server holds it\n' +
      'handled: its handler is done, and says "Hello, world!"\n',
  });
});
