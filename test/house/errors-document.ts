import { ERRORS, type Fault } from '@wilco/protocol';

const FAULTS: Record<Fault, string> = {
  caller: 'the application: correct the call or the configuration',
  peer: 'the other side: its program, its handler, or something that pretends to be it',
  environment: 'nobody here: networks, disks, restarts',
};

/** The content of `ERRORS.md`: one section for each code of the table, in its order. */
export function errorsDocument(): string {
  return [
    '# Errors',
    '',
    '<!-- Generated from packages/protocol/src/errors.ts by test/house/write-documents.ts. -->',
    '',
    'Every error of Wilco is a `WilcoError` (apart from `TypeError` for misuse) with a `code` from this list. Branch on the code,',
    'never on the message: codes are public API and are not renamed. `fault` says who can do something about it;',
    '`retryable` says whether doing the same thing again, unchanged, can succeed. A code that travels on the wire is marked in',
    '[PROTOCOL.md](PROTOCOL.md#14-errors).',
    '',
    '| fault | who can do something about it |',
    '| --- | --- |',
    ...Object.entries(FAULTS).map(([fault, meaning]) => `| ${fault} | ${meaning} |`),
    '',
    '| code | fault | retryable |',
    '| --- | --- | --- |',
    ...Object.entries(ERRORS).map(
      ([code, { fault, retryable }]) =>
        `| [\`${code}\`](#${code.toLowerCase()}) | ${fault} | ${retryable ? 'yes' : 'no'} |`,
    ),
    ...Object.entries(ERRORS).flatMap(([code, { summary }]) => ['', `## ${code}`, '', summary]),
    '',
  ].join('\n');
}
