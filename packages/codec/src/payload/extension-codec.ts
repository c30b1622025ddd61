import { WilcoError, wholeInRange } from '@wilco/protocol';

/**
 * Teaches MessagePack a class of your own. Both sides must register it alike.
 *
 * It is asked about values that are no plain objects, arrays or primitives, before anything
 * that is built in is.
 */
export interface ExtensionCodec<T = unknown> {
  /** The code on the wire, the same for ever. Whole number, 64 to 127. */
  readonly type: number;
  /** Told in error messages. */
  readonly name: string;
  /** Whether this codec encodes the value. */
  isType(value: unknown): value is T;
  /** May call the codec of which this is an extension. The bytes are copied. */
  encode(value: T): Uint8Array;
  /** Must not change `bytes`; may keep views of them, which keeps the whole payload alive. */
  decode(bytes: Uint8Array): T;
}

/** The first code that a user may give; those below are ours. */
const TYPE_MIN = 64;
const TYPE_MAX = 127;

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for a code out of range, or one used twice. */
export function extensionsByType(
  extensions: readonly ExtensionCodec[],
): ReadonlyMap<number, ExtensionCodec> {
  const byType = new Map<number, ExtensionCodec>();
  for (const extension of extensions) {
    const type = wholeInRange(
      `type of the extension '${extension.name}'`,
      extension.type,
      TYPE_MIN,
      TYPE_MAX,
    );
    const other = byType.get(type);
    if (other !== undefined) {
      throw new WilcoError(
        'WILCO_OPTION_INVALID',
        `type ${String(type)} is that of two extensions, '${other.name}' and '${extension.name}'`,
      );
    }
    byType.set(type, extension);
  }
  return byType;
}
