import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GrowingFile } from './growing-file.ts';

test('counts the whole lines of a file that another process writes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wilco-growing-'));
  const file = new GrowingFile(join(folder, 'lines'));
  expect(file.countLines()).toBe(0);
  writeFileSync(file.path, `${'x'.repeat(100_000)}\nhalf of a `);
  expect(file.countLines()).toBe(1);
  appendFileSync(file.path, 'line\n\n');
  expect(file.countLines()).toBe(3);
  expect(file.countLines()).toBe(3);
  expect(file.readLines().slice(1)).toEqual(['half of a line', '']);
  rmSync(folder, { recursive: true });
});
