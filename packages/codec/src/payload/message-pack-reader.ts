import {
  Decoder,
  decodeTimestampExtension,
  EXT_TIMESTAMP,
  type ExtensionCodecType,
} from '@msgpack/msgpack';
import { WilcoError } from '@wilco/protocol';
import { decodeBigInteger } from './big-integers.ts';
import {
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
import { errorOfParts } from './errors.ts';
import type { ExtensionCodec } from './extension-codec.ts';
import { checkMessagePack } from './message-pack-check.ts';
import { NOT_PLAIN, PlainReader } from './plain-reader.ts';
import { decodeTypedArray } from './typed-arrays.ts';

/** A decoder that met a larger payload is thrown away: it holds on to it. */
const KEPT_BYTES = 64 * 1024;
/** Containers in containers, and payloads that extensions decode by the same codec. */
const LEVELS_MAX = 128;

/** A payload of this size may be kept alive by whoever keeps a small binary of it. */
const PINNED_BYTES = 1_024;

/**
 * A payload of which the decoder cuts its binaries: who keeps a small one must not keep
 * all of the payload, so what is less than half of the memory under it is a copy.
 */
class SparingBytes extends Uint8Array<ArrayBuffer> {
  override subarray(begin = 0, end = this.length): Uint8Array<ArrayBuffer> {
    const piece = new Uint8Array(this.buffer, this.byteOffset + begin, end - begin);
    return 2 * piece.length < piece.buffer.byteLength ? piece.slice() : piece;
  }
}

/** Decodes payloads that nobody vouches for. */
export class MessagePackReader {
  readonly #extensions: ReadonlyMap<number, ExtensionCodec>;
  readonly #extensionCodec: ExtensionCodecType<undefined>;
  /** One for each level: a decoder can't be used inside itself. */
  readonly #decoders: (Decoder | undefined)[] = [];
  readonly #maxObjects: number;
  readonly #plain: PlainReader;
  #level = 0;
  /** Small binaries of the payload that is being decoded become copies. */
  #isSparing = false;

  constructor(extensions: ReadonlyMap<number, ExtensionCodec>, maxObjects: number) {
    this.#extensions = extensions;
    this.#maxObjects = maxObjects;
    this.#plain = new PlainReader(maxObjects);
    this.#extensionCodec = {
      tryToEncode: () => null,
      decode: (bytes, type) => this.#extension(bytes, type),
    };
  }

  /** @throws {@link WilcoError} `WILCO_PAYLOAD_INVALID`. */
  decode(payload: Uint8Array): unknown {
    const bytes =
      payload.constructor === Uint8Array
        ? payload
        : new Uint8Array(payload.buffer, payload.byteOffset, payload.length);
    const plain = this.#plain.read(bytes);
    if (plain !== NOT_PLAIN) return plain;
    const hasSmallBinary = checkMessagePack(bytes, this.#maxObjects);
    const wasSparing = this.#isSparing;
    this.#isSparing = hasSmallBinary && bytes.buffer.byteLength > PINNED_BYTES;
    try {
      return this.#decodeChecked(bytes);
    } finally {
      this.#isSparing = wasSparing;
    }
  }

  #decodeChecked(bytes: Uint8Array): unknown {
    const level = this.#level;
    if (level >= LEVELS_MAX) throw invalid('it is nested too deep');
    const decoder = (this.#decoders[level] ??= new Decoder({
      extensionCodec: this.#extensionCodec,
      useBigInt64: true,
    }));
    this.#level = level + 1;
    try {
      return decoder.decode(
        this.#isSparing
          ? new SparingBytes(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
          : bytes,
      );
    } finally {
      this.#level = level;
      if (bytes.length > KEPT_BYTES) this.#decoders[level] = undefined;
    }
  }

  #extension(bytes: Uint8Array, type: number): unknown {
    switch (type) {
      case TYPE_UNDEFINED: {
        expectEmpty(bytes, undefined);
        return;
      }
      case TYPE_NEGATIVE_ZERO:
        return expectEmpty(bytes, -0);
      case TYPE_INVALID_DATE:
        return expectEmpty(bytes, new Date(Number.NaN));
      case TYPE_MAP:
        return mapOf(this.#decodeChecked(bytes));
      case TYPE_SET:
        return new Set(expectArray(this.#decodeChecked(bytes)));
      case TYPE_ERROR:
        return expect(errorOfParts(this.#decodeChecked(bytes)), 'an error');
      default:
        return this.#binary(bytes, type);
    }
  }

  #binary(bytes: Uint8Array, type: number): unknown {
    switch (type) {
      case EXT_TIMESTAMP:
        return expectDate(decodeTimestampExtension(bytes));
      case TYPE_BIG_INTEGER:
        return expect(decodeBigInteger(bytes), 'a big integer');
      case TYPE_TYPED_ARRAY:
        return expect(decodeTypedArray(bytes), 'a typed array');
      case TYPE_ARRAY_BUFFER:
        return Uint8Array.from(bytes).buffer;
      case TYPE_STRING_UNITS:
        return expect(stringOfUnits(bytes), 'a string');
      default:
        return this.#userExtension(bytes, type);
    }
  }

  #userExtension(bytes: Uint8Array, type: number): unknown {
    const extension = this.#extensions.get(type);
    if (extension === undefined) throw invalid(`extension ${String(type)} is not registered`);
    try {
      return extension.decode(bytes);
    } catch (cause) {
      throw invalid(`the extension '${extension.name}' did not take its bytes`, cause);
    }
  }
}

function mapOf(flat: unknown): Map<unknown, unknown> {
  const list = expectArray(flat);
  if (list.length % 2 === 1) throw invalid('a map has a key without a value');
  const map = new Map<unknown, unknown>();
  for (let i = 0; i < list.length; i += 2) map.set(list[i], list[i + 1]);
  return map;
}

function stringOfUnits(bytes: Uint8Array): string | undefined {
  if (bytes.length % 2 === 1) return undefined;
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) {
    parts.push(String.fromCharCode((bytes[i] as number) | ((bytes[i + 1] as number) << 8)));
  }
  return parts.join('');
}

function expectArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw invalid('a container holds no array');
}

function expectDate(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw invalid('a date is out of range');
  return date;
}

function expectEmpty<Value>(bytes: Uint8Array, value: Value): Value {
  if (bytes.length === 0) return value;
  throw invalid('an extension without content has some');
}

function expect<Value>(value: Value | undefined, what: string): Value {
  if (value !== undefined) return value;
  throw invalid(`bytes are not ${what}`);
}

function invalid(why: string, cause?: unknown): WilcoError {
  return new WilcoError('WILCO_PAYLOAD_INVALID', why, { cause });
}
