/**
 * Packs every package as it would be published and looks at it as its users will: the manifest
 * names only what is in the archive, and publint and are-the-types-wrong find nothing. Then
 * installs the archives into an empty folder. Run `npm run build` first.
 */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { problemsOfConsumer } from './consumer.mjs';
import { pack, packagesInOrder, root, run } from './workspace.mjs';

/**
 * The findings of are-the-types-wrong that are meant. What CommonJS requires is an ES module:
 * Node.js can do that from 20.19 on, which is the oldest that these packages run on. And who
 * still resolves as Node.js 10 did finds nothing: a TypeScript for such a Node.js says `node16`,
 * `nodenext` or `bundler`.
 */
const isMeant = ({ kind, resolutionKind }) =>
  kind === 'CJSResolvesToESM' || resolutionKind === 'node10';

/** What is wrong with the package of this folder, as sentences. */
async function problemsOf({ folder, manifest }, archive) {
  if (archive === undefined) return ['it can not be packed'];
  const scratch = mkdtempSync(join(tmpdir(), 'wilco-unpacked-'));
  try {
    if (run('tar', ['-xzf', archive], scratch).status !== 0) return ['it can not be unpacked'];
    const unpacked = join(scratch, 'package');
    return [
      ...problemsOfArchive(unpacked),
      ...(await publintProblems(unpacked)),
      ...(await typeProblems(archive)),
      ...problemsOfImport(manifest, folder),
    ];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function problemsOfArchive(unpacked) {
  const text = readFileSync(join(unpacked, 'package.json'), 'utf8');
  const { exports = {}, bin = {} } = JSON.parse(text);
  const exported = Object.values(exports).flatMap((conditions) => Object.values(conditions));
  const targets = [...exported, ...Object.values(bin)];
  const maps = exported.filter((path) => path.endsWith('.js')).map((path) => `${path}.map`);
  const missing = ['README.md', 'LICENSE', ...targets, ...maps].filter(
    (path) => !existsSync(join(unpacked, path)),
  );
  return [
    ...missing.map((path) => `the archive has no ${path}`),
    ...['workspace:', '"source"', '/src/'].flatMap((word) =>
      text.includes(word) ? [`its published manifest says ${word}`] : [],
    ),
    ...(targets.length === 0 ? ['it exports nothing'] : []),
  ];
}

async function publintProblems(unpacked) {
  const { messages, pkg } = await publint({ pkgDir: unpacked, level: 'warning', pack: false });
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

async function typeProblems(archive) {
  const result = await checkPackage(createPackageFromTarballData(readFileSync(archive)));
  if (!result.types) return [];
  return result.problems
    .filter((problem) => !isMeant(problem))
    .map((problem) => `are-the-types-wrong: ${JSON.stringify(problem)}`);
}

/** Imports and requires each entry in a process of its own, from dist: no loader, no condition. */
function problemsOfImport({ name, exports }, folder) {
  const here = `${root}packages/${folder}`;
  return Object.keys(exports).flatMap((entry) => {
    const specifier = name + entry.slice(1);
    return [
      ['import', 'module', `await import('${specifier}')`],
      ['require', 'commonjs', `require('${specifier}')`],
    ].flatMap(([way, type, expression]) => {
      const program = `const all = ${expression}; if (Object.keys(all).length === 0) throw new Error('no exports');`;
      const { status, stderr } = run('node', [`--input-type=${type}`, '-e', program], here);
      return status === 0 ? [] : [`${way} of ${specifier} fails: ${stderr.trim()}`];
    });
  });
}

function tell(name, problems) {
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  for (const problem of problems) console.log(`       ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

const archives = mkdtempSync(join(tmpdir(), 'wilco-packed-'));
try {
  const packed = new Map();
  for (const candidate of packagesInOrder()) {
    const archive = pack(candidate.folder, archives);
    packed.set(candidate.manifest.name, archive);
    tell(candidate.manifest.name, await problemsOf(candidate, archive));
  }
  tell('installed with npm into an empty folder', problemsOfConsumer(packed));
} finally {
  rmSync(archives, { recursive: true });
}
