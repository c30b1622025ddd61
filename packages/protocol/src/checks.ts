import { WilcoError } from './wilco-error.ts';
import { describeValue } from './option-names.ts';

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` unless `least <= value <= most`. */
export function inRange(name: string, value: number, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new WilcoError(
    'WILCO_OPTION_INVALID',
    `${name} is ${describeValue(value)}, wanted a number from ${String(least)} to ${String(most)}`,
  );
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` unless `value` is whole and in range. */
export function wholeInRange(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(inRange(name, value, least, most))) return value;
  throw new WilcoError(
    'WILCO_OPTION_INVALID',
    `${name} is ${String(value)}, wanted a whole number`,
  );
}

/**
 * Checks a name that travels: of a message type, a channel, a message id.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID` unless it is a string of 1 to `maxBytes`
 *   bytes of UTF-8, without lone surrogates and control characters.
 */
export function checkName(what: string, name: string, maxBytes: number): string {
  if (typeof name !== 'string' || name.length === 0) {
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `${what} is ${describeValue(name)}, wanted a non-empty string`,
    );
  }
  const bytes = utf8Length(name);
  if (bytes > maxBytes) {
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `${what} has ${String(bytes)} bytes, at most ${String(maxBytes)} are allowed`,
    );
  }
  if (!name.isWellFormed() || hasControlCharacter(name)) {
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `${what} has a control character or a lone surrogate`,
    );
  }
  return name;
}

/** How many bytes `text` takes as UTF-8, without encoding it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A pair of surrogates is two units and four bytes; anything else three at most.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

function hasControlCharacter(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) < 0x20 || name.charCodeAt(i) === 0x7f) return true;
  }
  return false;
}
