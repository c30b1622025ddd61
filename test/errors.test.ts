import { expect, test } from 'vitest';
import { ERRORS } from '@wilco/protocol';

const FAULTS = {
  caller: 'yours: the call, an option or the message has to change',
  peer: "the peer's",
  environment: "nobody's: the network, the machine or the moment",
} as const;

/** The manual of errors, generated: `npm test -- errors -u` writes it after a change of the table. */
function errorsManual(): string {
  const chapters = Object.entries(ERRORS).map(
    ([code, { fault, retryable, summary }]) =>
      `## ${code}\n\n${summary}\n\n- Whose fault: ${FAULTS[fault]}\n- Can the same again succeed: ${retryable ? 'yes' : 'no'}\n`,
  );
  return [
    '# Errors\n',
    'Everything that goes wrong in Wilco is a `WilcoError` with one of these codes, in an exception, a rejected promise, a receipt or an event. Branch on `error.code`, never on the message. Misuse that the compiler would have found is a `TypeError`.\n',
    'This page is generated from the table in `packages/protocol/src/errors.ts`. Codes are never renamed; some travel on the wire.\n',
    ...chapters,
  ].join('\n');
}

test('ERRORS.md says what the table of errors says', async () => {
  await expect(errorsManual()).toMatchFileSnapshot('../ERRORS.md');
});

test('the table of errors is in the order of the alphabet', () => {
  expect(Object.keys(ERRORS)).toEqual(Object.keys(ERRORS).toSorted());
});
