import { WilcoError, wholeInRange, type PayloadCodec } from '@wilco/protocol';
import { OBJECTS_MAX } from './built-in-types.ts';
import { extensionsByType, type ExtensionCodec } from './extension-codec.ts';
import { MessagePackReader } from './message-pack-reader.ts';
import { MessagePackWriter } from './message-pack-writer.ts';

/** How {@link messagePack} encodes. */
export interface MessagePackOptions {
  /**
   * Classes of your own. Asked in this order.
   *
   * @defaultValue none
   */
  readonly extensions?: readonly ExtensionCodec[];
  /**
   * How many arrays, objects, binaries and extension values a body may have that is decoded;
   * one with more throws `WILCO_PAYLOAD_INVALID`. Each takes 40 to 200 bytes of memory and
   * as little as one on the wire.
   *
   * Whole number, 1 to 4_294_967_295.
   *
   * @defaultValue `262_144`
   */
  readonly maxObjects?: number;
}

/**
 * Bodies as MessagePack: the codec of message types that name none.
 *
 * Brings unharmed: strings, numbers (NaN, -0 and the infinities too), booleans, `null`,
 * `undefined`, plain objects, arrays, bigints of any size, `Date`, `Map`, `Set`, `Error`
 * (name, message, code, cause and errors; never the stack), `Uint8Array`, the other typed
 * arrays, `DataView` and `ArrayBuffer`, nested at most 64 deep, and what `extensions` add.
 * A `Buffer` arrives as `Uint8Array`, an object without prototype as a plain one, an error of
 * a class of your own as `Error` with its name. Holes of arrays become `undefined`.
 * The same object in two places arrives as two.
 *
 * All else throws `WILCO_PAYLOAD_UNENCODABLE`, which names the path to it: functions,
 * symbols, instances of other classes, bodies that contain themselves, keys `__proto__`, keys that
 * are symbols, and properties that an array has beside its items. What is not enumerable is no
 * part of a body.
 * Decoding throws `WILCO_PAYLOAD_INVALID`, also for more than `maxObjects` objects. Binary
 * inside a decoded body is a view of the payload where it is at least half of it, else a copy,
 * so that to keep a few bytes does not keep a large message alive.
 *
 * Make one and keep it: it holds buffers.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID` for extensions that clash, or a bad limit.
 */
export function messagePack<Body = unknown>(options: MessagePackOptions = {}): PayloadCodec<Body> {
  const { extensions = [], maxObjects = OBJECTS_MAX } = options;
  wholeInRange('maxObjects', maxObjects, 1, 0xffff_ffff);
  const reader = new MessagePackReader(extensionsByType(extensions), maxObjects);
  const writer = new MessagePackWriter(extensions);
  return {
    name: 'MessagePack',
    encode: (body) => encodeOrThrow(writer, body),
    decode: (bytes) => decodeOrThrow(reader, bytes) as Body,
  };
}

function encodeOrThrow(writer: MessagePackWriter, body: unknown): Uint8Array {
  try {
    return writer.encode(body);
  } catch (cause) {
    if (cause instanceof WilcoError) throw cause;
    throw new WilcoError('WILCO_PAYLOAD_UNENCODABLE', `the body can't be read: ${String(cause)}`, {
      cause,
    });
  }
}

function decodeOrThrow(reader: MessagePackReader, bytes: Uint8Array): unknown {
  try {
    return reader.decode(bytes);
  } catch (cause) {
    if (cause instanceof WilcoError) throw cause;
    throw new WilcoError(
      'WILCO_PAYLOAD_INVALID',
      `the payload can't be decoded: ${String(cause)}`,
      { cause },
    );
  }
}
