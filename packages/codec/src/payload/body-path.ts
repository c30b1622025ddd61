/** A step from a value to one inside it: a key, an index, or a place in a map or the like. */
export type PathStep = string | number | { readonly place: string };

const STEPS_SHOWN = 12;

/** A path for people, such as `body.items[3].price`. */
export function formatPath(steps: readonly PathStep[]): string {
  const shown = steps.slice(0, STEPS_SHOWN).map(formatStep).join('');
  return `body${shown}${steps.length > STEPS_SHOWN ? '…' : ''}`;
}

function formatStep(step: PathStep): string {
  if (typeof step === 'number') return `[${String(step)}]`;
  if (typeof step === 'object') return step.place;
  if (/^[A-Za-z_$][\w$]*$/.test(step) && step.length <= 64) return `.${step}`;
  return `[${JSON.stringify(step.slice(0, 64))}]`;
}

/** What a value is, for people. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const name: unknown = hasMethod(prototype, 'constructor') ? prototype.constructor.name : '';
  return typeof name === 'string' && name !== ''
    ? `an instance of ${name}`
    : 'an object of a class';
}

/** Whether `value` is an object that has such a method. */
export function hasMethod<Key extends string>(
  value: unknown,
  key: Key,
): value is Record<Key, (...input: unknown[]) => unknown> {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, key) === 'function'
  );
}
