import { expect, test } from 'vitest';
import { runProgram } from '../run-program.ts';

test('a schema, a codec and an extension type of the application travel and are checked', async () => {
  expect(await runProgram('examples/custom-message-types/custom-message-types.ts')).toEqual({
    code: 0,
    output:
      '1 × book, wanted on a Thursday\n' +
      'it costs EUR 19.99\n' +
      'sensor 7: 21.5 °C\n' +
      'WILCO_PAYLOAD_INVALID: item: Too small: expected string to have >=1 characters\n',
  });
});
