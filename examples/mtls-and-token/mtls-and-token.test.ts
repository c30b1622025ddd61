import { expect, test } from 'vitest';
import { runProgram } from '../run-program.ts';

test('a client is let in with the certificate of its machine and a token for it, and not with one of them', async () => {
  const { code, output } = await runProgram('examples/mtls-and-token/mtls-and-token.ts');
  const [hello, thief, stranger] = output.split('\n');
  expect(hello).toBe('Hello, ada!');
  expect(thief).toMatch(/WILCO_AUTHENTICATION_FAILED: /);
  expect(stranger).toMatch(/WILCO_TLS_FAILED: .*NO_CERTIFICATE$/);
  expect(code).toBe(0);
});
