/**
 * The house rules that no compiler checks, checked: one test per rule, so that a
 * failure names the rule, and each says what breaks it and where.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ERRORS } from '@wilco/protocol';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The import arrows. A package may import exactly what its row lists. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  codec: ['@wilco/protocol', '@msgpack/msgpack', 'node:buffer', 'node:zlib'],
  session: ['@wilco/protocol'],
  store: [
    '@wilco/protocol',
    'abstract-level',
    'classic-level',
    'node:crypto',
    'node:fs/promises',
    'node:path',
    'node:timers/promises',
    'node:zlib',
  ],
  endpoint: [
    '@wilco/protocol',
    '@wilco/codec',
    '@wilco/session',
    '@wilco/store',
    'eventemitter3',
    'node:fs',
    'node:net',
    'node:tls',
    'node:crypto',
  ],
  client: ['@wilco/protocol', '@wilco/endpoint', 'eventemitter3'],
  server: ['@wilco/protocol', '@wilco/endpoint', 'eventemitter3'],
  cli: [
    '@wilco/client',
    '@wilco/server',
    '@wilco/store',
    '@wilco/testkit',
    'classic-level',
    'commander',
    'node:crypto',
    'node:fs',
    'node:fs/promises',
    'node:os',
    'node:path',
    'node:stream',
    'node:util',
  ],
  testkit: [
    '@wilco/protocol',
    '@wilco/codec',
    '@wilco/session',
    '@wilco/store',
    '@wilco/endpoint',
    '@wilco/client',
    '@wilco/server',
    'node:crypto',
    'node:net',
  ],
};

/** What is left to ban in the engine once its tsconfig has taken away the DOM and Node.js. */
const IMPURE =
  /\b(Date|Promise|async|await|setTimeout|setInterval|setImmediate|queueMicrotask|Buffer|process|performance|crypto)\b|Math\.random/;

/** The one pure file that must name a promise: a schema of the user's may be asynchronous. */
const MAY_NAME_A_PROMISE = 'packages/protocol/src/standard-schema.ts';

const TOP_LEVEL = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'ERRORS.md',
  'LICENSE',
  'PROTOCOL.md',
  'README.md',
  'SECURITY.md',
  'examples',
  'package.json',
  'packages',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'test',
  'tsconfig.base.json',
];

const FILES = filesBelow('.').map((path) => ({
  path,
  text: readFileSync(join(ROOT, path), 'utf8'),
}));
const PROGRAMS = FILES.filter(({ path }) => /\.(ts|mjs|js)$/.test(path));
const SOURCES = PROGRAMS.flatMap(({ path, text }) => {
  const name = /^packages\/([a-z]+)\/src\//.exec(path)?.[1];
  return name === undefined ? [] : [{ name, path, text }];
});
const PACKAGES = readdirSync(join(ROOT, 'packages'));

describe('the house rules', () => {
  test('the packages are those that the arrows name', () => {
    expect(PACKAGES.toSorted()).toEqual(Object.keys(ARROWS).toSorted());
  });

  test('a source file imports only along the arrows of its package', () => {
    const strangers = SOURCES.flatMap(({ name, path, text }) =>
      importsOf(text)
        .filter((specifier) => !isAllowedImport(name, path, specifier))
        .map((specifier) => `${path} imports ${specifier}`),
    );
    expect(strangers).toEqual([]);
  });

  test.each(PACKAGES)('the manifest of %s depends on exactly what its arrows name', (name) => {
    const { dependencies = {}, peerDependencies = {} } = manifestOf(`packages/${name}`);
    const arrows = (ARROWS[name] ?? []).filter((arrow) => !arrow.startsWith('node:'));
    const named = Object.keys({ ...dependencies, ...peerDependencies });
    expect(named.toSorted()).toEqual(arrows.toSorted());
  });

  test('a published manifest shows no source', () => {
    const open = PACKAGES.filter((name) => {
      const { publishConfig } = manifestOf(`packages/${name}`);
      return publishConfig === undefined || JSON.stringify(publishConfig).includes('source');
    });
    expect(open).toEqual([]);
  });

  test('the engine and the vocabulary are pure: no clock, timer, randomness or promise', () => {
    const impure = SOURCES.filter(({ name }) => name === 'session' || name === 'protocol')
      .filter(({ path }) => path !== MAY_NAME_A_PROMISE)
      .flatMap(({ path, text }) => linesOf(path, withoutProse(text), IMPURE));
    expect(impure).toEqual([]);
  });

  test('a file is short enough to hold in the head: 400 lines at most', () => {
    const long = PROGRAMS.filter(({ text }) => text.trimEnd().split('\n').length > 400);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('a file is named after its idea, not after what did not fit elsewhere', () => {
    const vague = /(^|\/)(utils?|helpers?|common|types|misc|shared)\.ts$/;
    expect(PROGRAMS.map(({ path }) => path).filter((path) => vague.test(path))).toEqual([]);
  });

  test('no work is left lying about', () => {
    // Put together from pieces, so that this file does not break its own rule.
    const leftOver = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);
    expect(FILES.flatMap(({ path, text }) => linesOf(path, text, leftOver))).toEqual([]);
  });

  test('no test is skipped, and none runs alone', () => {
    const tampered = /\b(test|describe|it)\.(only|skip|todo|fails)\b/;
    const tests = PROGRAMS.filter(({ path }) => path.endsWith('.test.ts'));
    expect(tests.flatMap(({ path, text }) => linesOf(path, text, tampered))).toEqual([]);
  });

  test('every error code stands in the manual and is used', () => {
    const manual = readFileSync(join(ROOT, 'ERRORS.md'), 'utf8');
    const users = PROGRAMS.filter(({ path }) => path !== 'packages/protocol/src/errors.ts');
    const all = users.map(({ text }) => text).join('\n');
    const codes = Object.keys(ERRORS);
    expect(codes.filter((code) => !manual.includes(code))).toEqual([]);
    expect(codes.filter((code) => !all.includes(`'${code}'`))).toEqual([]);
  });

  test('nothing names a machine, a mirror or a folder of somebody', () => {
    const strange = new RegExp(
      ['registry\\.[a-z]', '(?<![\\w.*`])/(work|home|Users|root)/[a-z]', 'localhost:48'].join('|'),
    );
    const found = FILES.filter(({ path }) => path !== 'test/tidy.test.ts').flatMap(
      ({ path, text }) => linesOf(path, text, strange),
    );
    expect(found).toEqual([]);
  });

  test('the top level holds what it is said to hold, and nothing else', () => {
    const entries = readdirSync(ROOT).filter(
      (entry) => !entry.startsWith('.') && entry !== 'node_modules' && entry !== 'coverage',
    );
    expect(entries.toSorted()).toEqual(TOP_LEVEL);
  });

  test.each(PACKAGES)('%s has a README that begins with its name', (name) => {
    const path = `packages/${name}/README.md`;
    expect(existsSync(join(ROOT, path)) && readFileSync(join(ROOT, path), 'utf8')).toMatch(
      new RegExp(`^# @wilco/${name}\n`),
    );
  });

  test('every example has a test', () => {
    const untested = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
      .filter(({ name }) => !FILES.some(({ path }) => isTestOf(name, path)));
    expect(untested.map(({ name }) => name)).toEqual([]);
  });
});

function isTestOf(example: string, path: string): boolean {
  return path.startsWith(`examples/${example}/`) && path.endsWith('.test.ts');
}

/** What a program imports, by `from`, by a bare `import`, or while it runs. */
function importsOf(text: string): string[] {
  const pattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'([^'\n]+)'/g;
  return [...withoutComments(text).matchAll(pattern)].map(([, specifier]) => specifier ?? '');
}

function isAllowedImport(name: string, path: string, specifier: string): boolean {
  // A package of ours may be imported by any of its entries.
  const imported = /^@wilco\/[a-z]+/.exec(specifier)?.[0] ?? specifier;
  if (!specifier.startsWith('.')) return ARROWS[name]?.includes(imported) ?? false;
  const target = relative(ROOT, resolve(ROOT, dirname(path), specifier));
  return target.startsWith(`packages/${name}/src/`) && specifier.endsWith('.ts');
}

/** The lines of `text` that `pattern` finds something in, each with its place. */
function linesOf(path: string, text: string, pattern: RegExp): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

/** Drops comments but keeps the lines, so that places stay right. */
function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[^]*?\*\/|(?<!:)\/\/.*/g, onlyLineBreaks);
}

/** Drops comments and strings, where the banned words are just words. */
function withoutProse(code: string): string {
  return withoutComments(code).replaceAll(/'[^'\n]*'|`[^`]*`/g, onlyLineBreaks);
}

function onlyLineBreaks(text: string): string {
  return text.replaceAll(/[^\n]/g, '');
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly publishConfig?: unknown;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

/** Every file of the repository but what was installed or built, and large data. */
function filesBelow(folder: string): string[] {
  const ignored = new Set(['node_modules', 'dist', 'coverage', '.git', 'pnpm-lock.yaml']);
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (ignored.has(entry.name) || /\.(ndjson|log)$/.test(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
