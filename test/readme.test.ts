/** What the READMEs show is true: their programs compile, and the first of them runs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { pagesOfPackages } from './documents/programs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const READMES = [
  'README.md',
  ...readdirSync(`${ROOT}packages`).map((name) => `packages/${name}/README.md`),
  ...pagesOfPackages(),
];

const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  'examples/README.md',
  ...READMES.slice(1),
];

describe('the READMEs', () => {
  test('the first program of README.md is the example that a test runs', () => {
    const example = readFileSync(`${ROOT}examples/hello/hello.ts`, 'utf8');
    expect(programsOf('README.md')[0]).toBe(example.replace(/^\/\*\*.*\*\/\n/, ''));
  });

  test('every program in them compiles', () => {
    // As files of the test package, from where all packages can be imported.
    const programs = READMES.flatMap((path) =>
      programsOf(path).map((code, index): [string, string] => [
        `${ROOT}test/${path.replaceAll('/', '-')}-${index + 1}.ts`,
        code,
      ]),
    );
    expect(programs.length).toBeGreaterThan(3);
    expect(complaintsAbout(new Map(programs))).toEqual([]);
  });

  test('every place that ARCHITECTURE.md names is there', () => {
    const places = [...read('ARCHITECTURE.md').matchAll(/`(\w+\/src\/[\w./-]*)`/g)];
    const missing = places
      .map(([, place]) => place)
      .filter((place) => !existsSync(`${ROOT}packages/${place}`));
    expect(places.length).toBeGreaterThan(40);
    expect(missing).toEqual([]);
  });

  test.each(DOCUMENTS)('every link of %s leads to a file, and to a heading in it', (path) => {
    const base = new URL(`../${path}`, import.meta.url);
    const text = read(path).replaceAll(/^```[^]*?^```$/gm, '');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    const missing = links.filter(([, link = '', heading]) => {
      const url = new URL(link, base);
      if (!existsSync(url)) return true;
      return heading !== undefined && !headingsOf(readFileSync(url, 'utf8')).includes(heading);
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });
});

/** The headings of a document, as links name them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function read(path: string): string {
  return readFileSync(`${ROOT}${path}`, 'utf8');
}

/** The TypeScript in a document, block by block. */
function programsOf(path: string): string[] {
  return [...read(path).matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code ?? '');
}

/** Compiles files that exist only here, under the options of the tests. */
function complaintsAbout(files: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(`${ROOT}test/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, `${ROOT}test`);
  const host = ts.createCompilerHost(options);
  const readFromDisk = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    const text = files.get(name);
    return text === undefined
      ? readFromDisk(name, ...rest)
      : ts.createSourceFile(name, text, ts.ScriptTarget.ESNext);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
  );
}
