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
  encode: (body: Uint8Array) => slab.copy(bytesOf(body)),
  decode: plain,
});

/**
 * {@link rawBytes} for large bodies: encoding does not copy them. Whoever sends one must not
 * change it until its receipt is settled, since it may have to be sent again; what is changed
 * before arrives as it is then, and nothing can tell.
 */
export const borrowedBytes: PayloadCodec<Uint8Array> = Object.freeze({
  name: 'borrowed bytes',
  encode: (body: Uint8Array) => plain(bytesOf(body)),
  decode: plain,
});

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new WilcoError(
    'WILCO_PAYLOAD_UNENCODABLE',
    `body is ${describe(body)}, wanted a Uint8Array`,
  );
}

/** One class for all: no `Buffer` in a frame, and none at a handler. */
function plain(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
