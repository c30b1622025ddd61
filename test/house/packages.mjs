/**
 * Packs every package as it would be published and looks inside: the manifest names
 * only what is in the archive, and the built code can be imported by plain Node.js.
 * Run `npm run build` first.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestOf, packagesInOrder, root } from './workspace.mjs';

const { packageManager } = manifestOf('.');

/** What is wrong with the package of this folder, as sentences. */
function problemsOf({ folder, manifest }) {
  const scratch = mkdtempSync(join(tmpdir(), 'wilco-pack-'));
  try {
    const packed = pack(folder, scratch);
    return packed === undefined
      ? ['it can not be packed']
      : [...problemsOfArchive(packed), ...problemsOfImport(manifest)];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Packs and unpacks; returns the folder of the unpacked package. */
function pack(folder, scratch) {
  const options = ['--yes', packageManager, 'pack', '--pack-destination', scratch];
  const packing = run('npx', options, `${root}packages/${folder}`);
  if (packing.status !== 0) return undefined;
  const archive = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
  return run('tar', ['-xzf', archive], scratch).status === 0 ? join(scratch, 'package') : undefined;
}

function problemsOfArchive(packed) {
  const text = readFileSync(join(packed, 'package.json'), 'utf8');
  const { exports = {} } = JSON.parse(text);
  const targets = Object.values(exports).flatMap((conditions) => Object.values(conditions));
  const missing = ['README.md', 'LICENSE', ...targets].filter(
    (path) => !existsSync(join(packed, path)),
  );
  return [
    ...missing.map((path) => `the archive has no ${path}`),
    ...['workspace:', '"source"', '/src/'].flatMap((word) =>
      text.includes(word) ? [`its published manifest says ${word}`] : [],
    ),
    ...(targets.length === 0 ? ['it exports nothing'] : []),
  ];
}

/** Imports each entry in a process of its own, from dist: no loader, no condition. */
function problemsOfImport({ name, exports }) {
  return Object.keys(exports).flatMap((entry) => {
    const specifier = name + entry.slice(1);
    const program = `const all = await import('${specifier}'); if (Object.keys(all).length === 0) throw new Error('no exports');`;
    const { status, stderr } = run('node', ['--input-type=module', '-e', program], `${root}test`);
    return status === 0 ? [] : [`importing ${specifier} fails: ${stderr.trim()}`];
  });
}

function run(program, options, folder) {
  return spawnSync(program, options, {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
}

/** Whether the first example says what it should with the built packages under it, types apart. */
function doesHelloRun() {
  const { stdout } = run('node', ['--import', 'tsx', 'examples/hello/hello.ts'], root);
  const isGood = stdout.includes('Hello, world!');
  console.log(`${isGood ? 'ok    ' : 'FAILED'} examples/hello on the built packages`);
  return isGood;
}

let failed = doesHelloRun() ? 0 : 1;
for (const candidate of packagesInOrder()) {
  const problems = problemsOf(candidate);
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${candidate.manifest.name}`);
  for (const problem of problems) console.log(`       ${problem}`);
  if (problems.length > 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
