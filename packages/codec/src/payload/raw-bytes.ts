import { WilcoError, type PayloadCodec } from '@wilco/protocol';
import { describe } from './body-path.ts';

/**
 * Bodies that are bytes already. Encoding copies them; decoding hands out the payload itself.
 * Anything but a `Uint8Array` throws `WILCO_PAYLOAD_UNENCODABLE`.
 */
export const rawBytes: PayloadCodec<Uint8Array> = Object.freeze({
  name: 'raw bytes',
  encode(body: Uint8Array): Uint8Array {
    const value: unknown = body;
    if (value instanceof Uint8Array) return Uint8Array.from(value);
    throw new WilcoError(
      'WILCO_PAYLOAD_UNENCODABLE',
      `body is ${describe(value)}, wanted a Uint8Array`,
    );
  },
  decode(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  },
});
