/** The key that assigning to an object does not make, but changes its prototype. */
export const PROTOTYPE_KEY = '__proto__';

/** Of this realm or another. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return isRootPrototype(prototype);
}

/** Of this realm or another, and of no class of its own. */
export function isPlainArray(value: object): value is unknown[] {
  if (!Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return true;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    isRootPrototype(Object.getPrototypeOf(prototype))
  );
}

function isRootPrototype(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  );
}
