import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readMutants } from './mutants/mutant.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** How many rows each chapter has. */
const ROWS = { A: 28, B: 17, C: 9, D: 27, E: 12, F: 26, G: 9 };

interface Row {
  readonly id: string;
  readonly tests: { readonly file: string; readonly titles: readonly string[] }[];
  readonly mutants: string[];
  /** Why it does not apply, or what the durable store has to hold. */
  readonly words: string[];
}

const CATALOGUE = readFileSync(`${ROOT}test/catalogue.md`, 'utf8');
const ROW_LIST = parse(CATALOGUE.split('\n'));
const MUTANTS = readMutants(`${ROOT}test/mutants`).map(({ id }) => id);

function parse(lines: readonly string[]): Row[] {
  const rows: Row[] = [];
  for (const line of lines) {
    const [, id] = /^- \*\*([A-G]\d+)\*\* · .+ · .+\.$/.exec(line) ?? [];
    if (id !== undefined) rows.push({ id, tests: [], mutants: [], words: [] });
    else if (line.startsWith('  - ')) addTo(rows.at(-1), line.slice(4));
    else if (/^\s*- /.test(line)) throw new Error(`no row: ${line}`);
  }
  return rows;
}

function addTo(row: Row | undefined, line: string): void {
  if (row === undefined) throw new Error(`belongs to no row: ${line}`);
  const [, file, titles] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(line) ?? [];
  if (file !== undefined) row.tests.push({ file, titles: titles?.split(' › ') ?? [] });
  else if (line.startsWith('mutants: ')) row.mutants.push(...quotedIn(line));
  else if (/^(does not apply|with the durable store): ./.test(line)) row.words.push(line);
  else throw new Error(`says nothing that is known: ${line}`);
}

function quotedIn(line: string): string[] {
  return [...line.matchAll(/`([^`]+)`/g)].map(([, id = '']) => id);
}

/** Whether a file has a string literal with exactly this text. */
function says(text: string, title: string): boolean {
  return ["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
}

describe('the catalogue of faults', () => {
  test('has every row once, in order', () => {
    const all = Object.entries(ROWS).flatMap(([chapter, count]) =>
      Array.from({ length: count }, (_, index) => `${chapter}${String(index + 1)}`),
    );
    expect(ROW_LIST.map(({ id }) => id)).toEqual(all);
  });

  test('says of every row where it is noticed, or why it can not happen', () => {
    const empty = ROW_LIST.filter(({ tests, words }) => tests.length + words.length === 0);
    expect(empty.map(({ id }) => id)).toEqual([]);
  });

  test('names tests that there are', () => {
    const missing = ROW_LIST.flatMap(({ id, tests }) =>
      tests.flatMap(({ file, titles }) => {
        const text = existsSync(`${ROOT}${file}`) ? readFileSync(`${ROOT}${file}`, 'utf8') : '';
        return titles.filter((title) => !says(text, title)).map((title) => [id, file, title]);
      }),
    );
    expect(missing).toEqual([]);
  });

  test('names mutants that there are, and all that have the number of a row', () => {
    const named = new Set(ROW_LIST.flatMap(({ mutants }) => mutants));
    expect([...named].filter((id) => !MUTANTS.includes(id))).toEqual([]);
    const ofRows = MUTANTS.filter((id) => ROW_LIST.some((row) => id.replace(/b$/, '') === row.id));
    expect(ofRows.filter((id) => !named.has(id))).toEqual([]);
  });

  test('puts at least 60 of its rows into the code as mutants', () => {
    const proven = ROW_LIST.filter(({ mutants }) => mutants.length > 0);
    expect(proven.length).toBeGreaterThanOrEqual(60);
    expect(readdirSync(`${ROOT}test/mutants`).length).toBeGreaterThan(60);
  });
});
