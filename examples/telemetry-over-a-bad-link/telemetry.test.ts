import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wilco-telemetry-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a thousand readings pass a bad link: all, once, in order', async () => {
  writeCommand(join(folder, 'wilco'));
  const { code, output } = await runScript();
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/^1000 readings arrived, once and in order\nfaults on the way: [1-9]/),
  ]);
}, 180_000);

/** What an installation would put on the path: the command, from its sources. */
function writeCommand(path: string): void {
  const loader = '--import tsx --conditions=source';
  const main = `${ROOT}packages/cli/src/main.ts`;
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" ${loader} "${main}" "$@"\n`);
  chmodSync(path, 0o755);
}

function runScript(): Promise<{ code: number | undefined; output: string }> {
  const script = fileURLToPath(new URL('telemetry.sh', import.meta.url));
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const child = spawn('sh', [script, folder], { cwd: ROOT, env });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? undefined, output }));
  });
}
