import { encodeTimestampExtension, EXT_TIMESTAMP, ExtData } from '@msgpack/msgpack';
import { WilcoError } from '@wilco/protocol';
import { encodeBigInteger, fitsInt64 } from './big-integers.ts';
import { describe, formatPath, type PathStep } from './body-path.ts';
import {
  DEPTH_MAX,
  TYPE_ARRAY_BUFFER,
  TYPE_BIG_INTEGER,
  TYPE_ERROR,
  TYPE_INVALID_DATE,
  TYPE_MAP,
  TYPE_NEGATIVE_ZERO,
  TYPE_SET,
  TYPE_STRING_UNITS,
  TYPE_TYPED_ARRAY,
  TYPE_UNDEFINED,
} from './built-in-types.ts';
import { partsOfError } from './errors.ts';
import type { ExtensionCodec } from './extension-codec.ts';
import { isPlainArray, isPlainObject, PROTOTYPE_KEY } from './plain-values.ts';
import { strayKey } from './stray-keys.ts';
import { encodeTypedArray } from './typed-arrays.ts';

const NOTHING = new Uint8Array(0);
const UNDEFINED = new ExtData(TYPE_UNDEFINED, NOTHING);
const NEGATIVE_ZERO = new ExtData(TYPE_NEGATIVE_ZERO, NOTHING);
const INVALID_DATE = new ExtData(TYPE_INVALID_DATE, NOTHING);

/**
 * Goes through a body before it is encoded, and replaces what MessagePack would lose by
 * extensions; refuses what can't be kept at all.
 *
 * Copies only what it must change: a body of plain objects, strings and numbers comes back
 * as it is, after one look at each value.
 */
export class Preparation {
  readonly #extensions: readonly ExtensionCodec[];
  readonly #encodeNested: (prepared: unknown) => Uint8Array;
  readonly #path: PathStep[] = [];

  /** @param encodeNested - Encodes what is prepared already. */
  constructor(
    extensions: readonly ExtensionCodec[],
    encodeNested: (prepared: unknown) => Uint8Array,
  ) {
    this.#extensions = extensions;
    this.#encodeNested = encodeNested;
  }

  /** @throws {@link WilcoError} `WILCO_PAYLOAD_UNENCODABLE`, naming the path to the value. */
  prepare(body: unknown): unknown {
    this.#path.length = 0;
    return isAsIs(body) ? body : this.#replace(body, 1);
  }

  /** What to encode instead of a value that is not as it is. */
  #replace(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'object':
        return this.#replaceObject(value as object, depth);
      case 'undefined':
        return UNDEFINED;
      case 'number':
        return NEGATIVE_ZERO;
      case 'string':
        return new ExtData(TYPE_STRING_UNITS, unitsOf(value));
      case 'bigint':
        return fitsInt64(value) ? value : new ExtData(TYPE_BIG_INTEGER, encodeBigInteger(value));
      default:
        return this.#byExtension(value) ?? this.#refuse(`is ${describe(value)}`);
    }
  }

  #replaceObject(value: object, depth: number): unknown {
    if (depth > DEPTH_MAX) {
      return this.#refuse(`is nested deeper than ${String(DEPTH_MAX)} levels, or within itself`);
    }
    if (isPlainArray(value)) {
      this.#refuseStray(value);
      return this.#array(value, depth);
    }
    if (isPlainObject(value)) {
      this.#refuseStray(value);
      return this.#object(value, depth);
    }
    return this.#byExtension(value) ?? this.#builtIn(value, depth);
  }

  #array(array: readonly unknown[], depth: number): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (let i = 0; i < array.length; i++) {
      const item = array[i];
      if (isAsIs(item)) continue;
      const replaced = this.#inside(i, item, depth);
      if (replaced !== item) (copy ??= [...array])[i] = replaced;
    }
    return copy ?? array;
  }

  #object(object: Record<string, unknown>, depth: number): Record<string, unknown> {
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (key === PROTOTYPE_KEY || !key.isWellFormed()) this.#refuseKey(key);
      if (isAsIs(value)) continue;
      const replaced = this.#inside(key, value, depth);
      if (replaced !== value) (copy ??= { ...object })[key] = replaced;
    }
    return copy ?? object;
  }

  #inside(step: PathStep, value: unknown, depth: number): unknown {
    if (isAsIs(value)) return value;
    this.#path.push(step);
    const replaced = this.#replace(value, depth + 1);
    this.#path.pop();
    return replaced;
  }

  #builtIn(value: object, depth: number): unknown {
    if (value instanceof Uint8Array) return value;
    if (ArrayBuffer.isView(value)) {
      const bytes = encodeTypedArray(value);
      return bytes === undefined ? this.#refuseObject(value) : new ExtData(TYPE_TYPED_ARRAY, bytes);
    }
    if (value instanceof Error) return this.#error(value, depth);
    switch (Object.getPrototypeOf(value)) {
      case Date.prototype:
        return dateExtension(value as Date);
      case Map.prototype:
        return this.#map(value as Map<unknown, unknown>, depth);
      case Set.prototype:
        return this.#set(value as Set<unknown>, depth);
      case ArrayBuffer.prototype:
        return new ExtData(TYPE_ARRAY_BUFFER, new Uint8Array(value as ArrayBuffer));
      default:
        return this.#refuseObject(value);
    }
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): ExtData {
    const flat: unknown[] = [];
    for (const [key, value] of map) {
      const place = String(flat.length / 2);
      flat.push(this.#inside({ place: `.keys[${place}]` }, key, depth));
      flat.push(this.#inside({ place: `.values[${place}]` }, value, depth));
    }
    return new ExtData(TYPE_MAP, this.#encodeNested(flat));
  }

  #set(set: ReadonlySet<unknown>, depth: number): ExtData {
    const flat: unknown[] = [];
    for (const item of set) {
      flat.push(this.#inside({ place: `.values[${String(flat.length)}]` }, item, depth));
    }
    return new ExtData(TYPE_SET, this.#encodeNested(flat));
  }

  #error(error: Error, depth: number): ExtData {
    const parts = this.#object({ ...partsOfError(error) }, depth);
    return new ExtData(TYPE_ERROR, this.#encodeNested(parts));
  }

  #byExtension(value: unknown): ExtData | undefined {
    for (const extension of this.#extensions) {
      try {
        if (extension.isType(value)) return new ExtData(extension.type, bytesBy(extension, value));
      } catch (cause) {
        return this.#refuse(`could not be encoded by the extension '${extension.name}'`, cause);
      }
    }
    return undefined;
  }

  #refuseObject(value: object): never {
    return this.#refuse(`is ${describe(value)}, for which no extension is registered`);
  }

  /** What the bytes would leave out without a word. */
  #refuseStray(value: object): void {
    const stray = strayKey(value);
    if (stray !== undefined) this.#refuse(`has ${stray}`);
  }

  #refuseKey(key: string): never {
    return this.#refuse(`has a key ${JSON.stringify(key)}, which is not allowed`);
  }

  #refuse(why: string, cause?: unknown): never {
    throw new WilcoError('WILCO_PAYLOAD_UNENCODABLE', `${formatPath(this.#path)} ${why}`, {
      cause,
    });
  }
}

function bytesBy(extension: ExtensionCodec, value: unknown): Uint8Array {
  const bytes: unknown = extension.encode(value);
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError(`encode() returned ${describe(bytes)}, wanted a Uint8Array`);
}

/** Whether MessagePack keeps the value without our help. */
function isAsIs(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() && value.charCodeAt(0) !== BYTE_ORDER_MARK;
    case 'number':
      return value !== 0 || 1 / value > 0;
    case 'boolean':
      return true;
    case 'object':
      return value === null;
    default:
      return false;
  }
}

/** A decoder may take one at the beginning of a string for no part of it. */
const BYTE_ORDER_MARK = 0xfeff;

function dateExtension(date: Date): ExtData {
  const timestamp = Number.isNaN(date.getTime()) ? undefined : encodeTimestampExtension(date);
  return timestamp === undefined || timestamp === null
    ? INVALID_DATE
    : new ExtData(EXT_TIMESTAMP, timestamp);
}

function unitsOf(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i] = unit & 0xff;
    bytes[2 * i + 1] = unit >>> 8;
  }
  return bytes;
}
