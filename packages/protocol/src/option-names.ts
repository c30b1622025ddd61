import { WilcoError } from './wilco-error.ts';

/** The names that an options object may have. The compiler sees to it that none is left out. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Refuses a name that there is not: a misspelt option would do nothing, and nobody would know.
 *
 * @param of - What the options are of, for the message: `connect()`.
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`, with the name that was probably meant.
 */
export function checkOptionNames<Options>(
  of: string,
  options: Options,
  names: OptionNames<Options>,
): void {
  if (Object(options) !== options) {
    const detail = `the options of ${of} are ${describeValue(options)}, wanted an object`;
    throw new WilcoError('WILCO_OPTION_INVALID', detail);
  }
  for (const name in options) {
    if (Object.hasOwn(names, name)) continue;
    const known = Object.keys(names);
    const meant = known.find((other) => isAlike(name, other));
    const help = meant === undefined ? shortList(known) : `: did you mean ${meant}?`;
    throw new WilcoError('WILCO_OPTION_INVALID', `${of} has no option '${name}'${help}`);
  }
}

/** A value for people, with its type where that is what is wrong: `'7411' (a string)`. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${value}' (a string)`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  return Object(value) === value ? 'an object' : String(value);
}

/** One is the beginning of the other (`ttl`, `ttlMs`), or has the same letters (`hots`, `host`). */
function isAlike(given: string, known: string): boolean {
  const [a, b] = [given.toLowerCase(), known.toLowerCase()];
  if (a.length < 2) return false;
  return a.startsWith(b) || b.startsWith(a) || lettersOf(a) === lettersOf(b);
}

function lettersOf(name: string): string {
  return Array.from(name).sort().join('');
}

function shortList(known: readonly string[]): string {
  return known.length > 8 ? '' : `, it has: ${known.join(', ')}`;
}
