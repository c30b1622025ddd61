import { WilcoError } from '@wilco/protocol';
import { describe, formatPath, hasMethod } from './body-path.ts';
import { DEPTH_MAX, OBJECTS_MAX } from './built-in-types.ts';
import { strayKey } from './stray-keys.ts';

/** A {@link PayloadCodec} for bodies of any type: what comes out is as the peer made it. */
export interface JsonCodec {
  readonly name: string;
  encode(body: unknown): Uint8Array;
  // The type of a body is the word of both sides, as in any codec.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  decode<Body = unknown>(bytes: Uint8Array): Body;
}

/**
 * Bodies as JSON, for peers that know nothing else.
 *
 * Like `JSON.stringify`, it calls `toJSON` (a `Date` arrives as a string), leaves out
 * properties that are `undefined` and turns -0 into 0. What `JSON.stringify` would spoil
 * without a word throws `WILCO_PAYLOAD_UNENCODABLE` instead: NaN, infinities, `undefined` in
 * arrays, functions, symbols (as keys, too), bigints, properties of arrays beside their items, and instances of classes without `toJSON`, maps, sets,
 * errors and typed arrays included. Decoding throws `WILCO_PAYLOAD_INVALID`, also for keys
 * `__proto__`, for nesting beyond 64 levels, and for more than 262_144 arrays and objects.
 */
export const json: JsonCodec = Object.freeze({
  name: 'JSON',
  encode(body: unknown): Uint8Array {
    return new TextEncoder().encode(stringify(body));
  },
  decode: parse as JsonCodec['decode'],
});

function stringify(body: unknown): string {
  try {
    requireJson(body, []);
    return JSON.stringify(body);
  } catch (cause) {
    if (cause instanceof WilcoError) throw cause;
    throw new WilcoError('WILCO_PAYLOAD_UNENCODABLE', `the body can't be read: ${String(cause)}`, {
      cause,
    });
  }
}

/** Throws for what `JSON.stringify` would lose. */
function requireJson(value: unknown, path: (string | number)[]): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw unencodable(path, 'has a lone surrogate');
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw unencodable(path, `is ${String(value)}`);
  } else if (typeof value !== 'object') throw unencodable(path, `is ${describe(value)}`);
  else if (path.length >= DEPTH_MAX) {
    throw unencodable(path, `is nested deeper than ${String(DEPTH_MAX)} levels, or within itself`);
  } else requireJsonObject(value, path);
}

function requireJsonObject(value: object, path: (string | number)[]): void {
  if (hasMethod(value, 'toJSON')) {
    const replaced: unknown = value.toJSON(String(path.at(-1) ?? ''));
    if (typeof replaced === 'object' && replaced !== null) requireJsonMembers(replaced, path);
    else requireJson(replaced, path);
  } else requireJsonMembers(value, path);
}

function requireJsonMembers(value: object, path: (string | number)[]): void {
  const stray = strayKey(value);
  if (stray !== undefined) throw unencodable(path, `has ${stray}`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) requireMember(i, value[i], path);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw unencodable(path, `is ${describe(value)}, which has no toJSON`);
  }
  for (const [key, member] of Object.entries(value)) {
    if (key === PROTOTYPE_KEY || !key.isWellFormed()) {
      throw unencodable(path, `has a key ${JSON.stringify(key)}, which is not allowed`);
    }
    if (member !== undefined) requireMember(key, member, path);
  }
}

function requireMember(step: string | number, value: unknown, path: (string | number)[]): void {
  path.push(step);
  requireJson(value, path);
  path.pop();
}

const PROTOTYPE_KEY = '__proto__';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parse(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    const text = decoder.decode(bytes);
    requireShallow(text);
    value = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof WilcoError) throw cause;
    throw new WilcoError('WILCO_PAYLOAD_INVALID', `the payload is no JSON: ${String(cause)}`, {
      cause,
    });
  }
  refusePrototypeKeys(value);
  return value;
}

/** Looks at the brackets outside strings. */
function requireShallow(text: string): void {
  let depth = 0;
  let objects = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isInString) {
      if (character === '\\') i += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '[' || character === '{') {
      depth += 1;
      objects += 1;
      if (objects > OBJECTS_MAX)
        throw invalid(`it has more than ${String(OBJECTS_MAX)} arrays and objects`);
      if (depth > DEPTH_MAX) throw invalid(`it is nested deeper than ${String(DEPTH_MAX)} levels`);
    } else if (character === ']' || character === '}') depth -= 1;
  }
}

/** `JSON.parse` makes them properties, and the first to copy them changes a prototype. */
function refusePrototypeKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, PROTOTYPE_KEY)) throw invalid("a key is '__proto__'");
  for (const member of Object.values(value)) refusePrototypeKeys(member);
}

function unencodable(path: readonly (string | number)[], why: string): WilcoError {
  return new WilcoError('WILCO_PAYLOAD_UNENCODABLE', `${formatPath(path)} ${why}`);
}

function invalid(why: string): WilcoError {
  return new WilcoError('WILCO_PAYLOAD_INVALID', `the payload is not taken: ${why}`);
}
