import { ByteSlab, WilcoError, type PayloadCodec } from '@wilco/protocol';
import { describe } from './body-path.ts';

/** Small bodies wait in the outbox side by side. */
const slab = new ByteSlab(4 * 1024);

/**
 * Bodies that are bytes already. Encoding copies them; decoding hands out the payload itself.
 * Anything but a `Uint8Array` throws `WILCO_PAYLOAD_UNENCODABLE`.
 */
export const rawBytes: PayloadCodec<Uint8Array> = Object.freeze({
  name: 'raw bytes',
  encode(body: Uint8Array): Uint8Array {
    const value: unknown = body;
    if (value instanceof Uint8Array) return slab.copy(value);
    throw new WilcoError(
      'WILCO_PAYLOAD_UNENCODABLE',
      `body is ${describe(value)}, wanted a Uint8Array`,
    );
  },
  decode(bytes: Uint8Array): Uint8Array {
    if (bytes.constructor === Uint8Array) return bytes;
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  },
});
