import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { resolveServerOptions } from '../packages/server/src/options.ts';
import { LIMITS } from '@wilco/protocol';
import { OBJECTS_MAX } from '../packages/codec/src/payload/built-in-types.ts';

const TEXT = readFileSync(new URL('../SECURITY.md', import.meta.url), 'utf8');

test('the table of limits in SECURITY.md says the defaults of the code', () => {
  const { session, opening, ...rest } = resolveServerOptions({ port: 0 });
  const defaults: Readonly<Record<string, unknown>> = { ...session, ...opening, ...rest };
  const rows = [...TEXT.matchAll(/^\| `(\w+)` \| ([\d,]+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, name = '', figure = ''] of rows) {
    expect([name, Number(figure.replaceAll(',', ''))]).toEqual([name, defaults[name]]);
  }
});

test('the limits of the protocol in SECURITY.md are those of the code', () => {
  const limits: Readonly<Record<string, number>> = LIMITS;
  const rows = [...TEXT.matchAll(/^\| `(\w+)` \| ([\d,]+) \| .+ \|$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, name = '', figure = ''] of rows) {
    expect([name, Number(figure.replaceAll(',', ''))]).toEqual([name, limits[name]]);
  }
});

test('the memory sum names each option that bounds it', () => {
  const sum = TEXT.slice(TEXT.indexOf('## The memory sum'));
  for (const name of ['windowBudgetBytes', 'outboxBytesTotal', 'answerBytes', 'maxUnsentBytes']) {
    expect(sum.split(`\`${name}\``).length).toBeGreaterThan(2);
  }
  expect(sum).toContain(`${LIMITS.messageOverheadBytes} bytes more`);
  expect(sum).toContain(OBJECTS_MAX.toLocaleString('en'));
});
