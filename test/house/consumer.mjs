/** What a user meets who installs the archives into an empty folder with npm. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { root, run } from './workspace.mjs';

/** All that installing client and server may bring from elsewhere. */
const OUTSIDERS = ['@msgpack/msgpack', 'eventemitter3'];
const HELLO = 'handled: its handler is done, and says "Hello, world!"';

/**
 * What is wrong, as sentences.
 *
 * @param {ReadonlyMap<string, string>} archives - the packed packages, by their names
 */
export function problemsOfConsumer(archives) {
  const folder = mkdtempSync(join(tmpdir(), 'wilco-consumer-'));
  try {
    const isTool = (name) => name === '@wilco/cli' || name === '@wilco/testkit';
    const library = [...archives].filter(([name]) => !isTool(name));
    const problems = install(join(folder, 'library'), library);
    if (problems.length > 0) return problems;
    return [
      ...problemsOfTree(join(folder, 'library')),
      ...problemsOfHello(join(folder, 'library')),
      ...problemsOfTypes(join(folder, 'library')),
      ...problemsOfCommand(join(folder, 'everything'), archives),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function install(folder, archives) {
  mkdirSync(folder);
  // Overrides: what one package needs of the others is what was packed, not what is published.
  const files = Object.fromEntries([...archives].map(([name, path]) => [name, `file:${path}`]));
  const manifest = { private: true, dependencies: files, overrides: files };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const options = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  const { status, stderr } = run('npm', options, folder);
  return status === 0 ? [] : [`npm install fails: ${stderr.trim()}`];
}

/** Nothing comes along but what is said in the manual. */
function problemsOfTree(folder) {
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
  return Object.keys(lock.packages)
    .map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
    .filter((name) => !name.startsWith('@wilco/') && !OUTSIDERS.includes(name))
    .map((name) => `installing client and server brings ${name}`);
}

/** The first program of the README, as an ES module and as CommonJS. */
function problemsOfHello(folder) {
  const program = readFileSync(`${root}examples/hello/hello.ts`, 'utf8');
  const target = ts.ScriptTarget.ES2022;
  const moduleText = ts.transpileModule(program, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target },
  }).outputText;
  const required = moduleText.replace(
    /^import (\{[^}]*\}) from ('[^']*');$/gm,
    (_, names, from) => `const ${names} = require(${from});`,
  );
  writeFileSync(join(folder, 'hello.ts'), program);
  writeFileSync(join(folder, 'hello.mjs'), moduleText);
  writeFileSync(join(folder, 'hello.cjs'), `void (async () => {\n${required}\n})();\n`);
  return ['hello.mjs', 'hello.cjs'].flatMap((file) => {
    const { stdout, stderr } = run('node', [file], folder, { PATH: process.env.PATH });
    const isGood = stdout.includes(HELLO);
    return isGood ? [] : [`${file}, the first program of the README, fails: ${stdout}${stderr}`];
  });
}

/** It compiles against the packed types, the way that Node.js and the way that bundlers find them. */
function problemsOfTypes(folder) {
  const ways = [
    ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ];
  // As a module, so that it may await at its top.
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, type: 'module' }));
  return ways.flatMap(([way, module, moduleResolution]) => {
    const options = {
      module,
      moduleResolution,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [`${root}node_modules/@types`],
    };
    const compiled = ts.createProgram([join(folder, 'hello.ts')], options);
    return ts
      .getPreEmitDiagnostics(compiled)
      .map(
        ({ messageText, file }) =>
          `under ${way} the types fail: ${file?.fileName ?? ''} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
  });
}

/** The command is there, and says which version it is. */
function problemsOfCommand(folder, archives) {
  if (!archives.has('@wilco/cli')) return [];
  const problems = install(folder, archives);
  if (problems.length > 0) return problems;
  const { stdout, stderr } = run('node_modules/.bin/wilco', ['--version'], folder);
  return /^\d+\.\d+\.\d+/m.test(stdout) ? [] : [`wilco --version fails: ${stdout}${stderr}`];
}
