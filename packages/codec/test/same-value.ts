/** Whether two bodies are the same in all that a codec promises to keep, order included. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  return isSameList(partsOf(a), partsOf(b));
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
}

/** What an object is made of, as a list of simpler things. */
function partsOf(value: object): unknown[] {
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof Map) return [...value].flat(1);
  if (value instanceof Set) return [...value];
  if (value instanceof ArrayBuffer) return [Buffer.from(value).toString('hex')];
  if (ArrayBuffer.isView(value)) {
    return [Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')];
  }
  if (value instanceof Error) {
    const { name, message, cause, code } = value as Error & { code?: unknown };
    return [name, message, code, 'cause' in value, cause];
  }
  return Object.entries(value).flat(1);
}
