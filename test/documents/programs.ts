/** The programs of the manual: what stands in a document is what runs. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Inside the test package, from where all packages can be imported. */
const SCRATCH = `${ROOT}test/documents/.programs/`;

/** A program of a document, and what the document says that it prints. */
export interface Program {
  /** The document, and which of its programs it is. */
  readonly name: string;
  readonly code: string;
  readonly output: string;
}

/** The longer pages of all packages, as paths from the root. */
export function pagesOfPackages(): string[] {
  return readdirSync(`${ROOT}packages`)
    .flatMap((folder) =>
      readdirSync(`${ROOT}packages/${folder}`).includes('docs')
        ? readdirSync(`${ROOT}packages/${folder}/docs`).map(
            (file) => `packages/${folder}/docs/${file}`,
          )
        : [],
    )
    .filter((path) => path.endsWith('.md'));
}

/** Each block of TypeScript in a document, with the block of text that follows it. */
export function programsOf(path: string): Program[] {
  const text = readFileSync(`${ROOT}${path}`, 'utf8');
  const blocks = [...text.matchAll(/^```ts\n([^]*?)^```\n+```text\n([^]*?)^```$/gm)];
  return blocks.map(([, code = '', output = ''], index) => ({
    name: `${path} ${index + 1}`,
    code,
    output,
  }));
}

/** How many blocks of TypeScript a document has, with or without an output. */
export function countOfBlocks(path: string): number {
  return readFileSync(`${ROOT}${path}`, 'utf8').split(/^```ts$/m).length - 1;
}

/** Runs a program in this process and returns what it printed. */
export async function run({ name, code }: Program): Promise<string> {
  mkdirSync(SCRATCH, { recursive: true });
  const file = `${SCRATCH}${name.replaceAll(/[^a-z0-9]+/gi, '-')}.ts`;
  writeFileSync(file, code);
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]): void => {
    lines.push(values.map(String).join(' '));
  };
  try {
    await import(/* @vite-ignore */ file);
  } finally {
    console.log = log;
    rmSync(file);
  }
  return lines.map((line) => `${line}\n`).join('');
}
