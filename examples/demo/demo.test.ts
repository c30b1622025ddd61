import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runProgram } from '../run-program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wilco-demo-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a short demo loses nothing of what Wilco carries, whatever the network does', async () => {
  const orders = readFileSync(new URL('orders.ndjson', import.meta.url), 'utf8').split('\n');
  const input = join(folder, 'some.ndjson');
  writeFileSync(input, `${orders.slice(0, 1_000).join('\n')}\n`);
  const { code, output } = await runProgram('examples/demo/demo.ts', [input, '--fast']);
  expect(output).toContain('Wilco: every order arrived once and in order');
  expect(output).toMatch(/^ +[\d.]+ s +\d+ orders had arrived: kill -9 both, and start anew$/m);
  expect(output).toMatch(/^ +kill -9, in the middle +1$/m);
  expect(output).toContain('Wilco: every order is in the file once and in order, whoever was');
  expect(code).toBe(0);
  for (const fault of ['cut in mid-frame', 'fallen silent', 'reset']) {
    expect(strikes(output, fault)).toBeGreaterThan(0);
  }
  // Where nobody watches it live, it tells line by line how far it is.
  expect(output).not.toContain('\u001B');
  expect(output).toMatch(/^ +handed \| Wilco .*\n +over \| arrived +settled .*resumed/m);
  const [, settled, resumes] = /^.* s +1,000 \| +1,000 +([\d,]+) .* (\d+) \|/m.exec(output) ?? [];
  expect(settled).toBe('1,000');
  expect(Number(resumes)).toBeGreaterThan(0);
}, 90_000);

test('a file that is not NDJSON is refused by its line', async () => {
  const input = join(folder, 'broken.ndjson');
  writeFileSync(input, '{"a":1}\nnot an order\n');
  const { code, output } = await runProgram('examples/demo/demo.ts', [input, '--fast']);
  expect(code).toBe(1);
  expect(output).toContain('line 2 is not a JSON object: not an order');
});

/** The count of a fault in the first column of the table. */
function strikes(output: string, fault: string): number {
  return Number(new RegExp(`^ *${fault} +(\\d+)`, 'm').exec(output)?.[1]);
}
