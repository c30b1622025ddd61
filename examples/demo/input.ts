import { readFileSync } from 'node:fs';

/**
 * The orders of an NDJSON file, one a line, as the text that they are; empty lines do not count.
 *
 * @throws `SyntaxError` that names the first line that is not a JSON object.
 */
export function readOrders(path: string): string[] {
  return readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, index) => (line.trim() === '' ? [] : [order(line, index + 1)]));
}

function order(line: string, number: number): string {
  const value = tryParse(line);
  if (typeof value === 'object' && value && !Array.isArray(value)) return line;
  throw new SyntaxError(`line ${number} is not a JSON object: ${line.slice(0, 60)}`);
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
