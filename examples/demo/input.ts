import { readFileSync } from 'node:fs';
import type { Order } from './messages.ts';

/**
 * The orders of an NDJSON file, one a line; empty lines do not count.
 *
 * @throws `SyntaxError` that names the first line that is not a JSON object.
 */
export function readOrders(path: string): Order[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parseOrder(line, index + 1)]));
}

/** How an order is written, by the sender, by both receivers and for the comparison. */
export function toLine(order: Order): string {
  return JSON.stringify(order);
}

function parseOrder(line: string, number: number): Order {
  const value = tryParse(line);
  if (typeof value === 'object' && value && !Array.isArray(value)) return value as Order;
  throw new SyntaxError(`line ${number} is not a JSON object: ${line.slice(0, 60)}`);
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
