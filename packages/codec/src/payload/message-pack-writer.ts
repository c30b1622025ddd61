import { ByteSlab } from '@wilco/protocol';
import { Encoder, ExtData, type ExtensionCodecType } from '@msgpack/msgpack';
import type { ExtensionCodec } from './extension-codec.ts';
import { Preparation } from './message-pack-preparation.ts';
import { PlainWriter } from './plain-writer.ts';

/** After a larger body the encoder is thrown away: it keeps a buffer of twice that size. */
const KEPT_BYTES = 64 * 1024;

/** What is no extension already, was prepared to need none. */
const KEEP_EXTENSIONS: ExtensionCodecType<undefined> = {
  tryToEncode: (value) => (value instanceof ExtData ? value : null),
  decode: () => undefined,
};

/** Encodes bodies, one inside the encoding of another too. */
export class MessagePackWriter {
  readonly #extensions: readonly ExtensionCodec[];
  readonly #plain: PlainWriter;
  #encoder = newEncoder();
  /** Small bodies wait in the outbox side by side. */
  readonly #slab = new ByteSlab(4 * 1024);
  /** Taken away while it is used, so that an extension may encode by the same codec. */
  #idle: Preparation | undefined;

  constructor(extensions: readonly ExtensionCodec[]) {
    this.#extensions = extensions;
    this.#plain = new PlainWriter(extensions.length === 0);
  }

  encode(body: unknown): Uint8Array {
    const plain = this.#plain.write(body);
    if (plain !== undefined) return plain;
    const preparation =
      this.#idle ?? new Preparation(this.#extensions, (prepared) => this.#encode(prepared));
    this.#idle = undefined;
    const prepared = preparation.prepare(body);
    this.#idle = preparation;
    return this.#encode(prepared);
  }

  #encode(prepared: unknown): Uint8Array {
    const bytes = this.#slab.copy(this.#encoder.encodeSharedRef(prepared));
    if (bytes.length > KEPT_BYTES) this.#encoder = newEncoder();
    return bytes;
  }
}

/** Integers of 64 bits are bigints on the wire, larger numbers are floats: none becomes the other. */
function newEncoder(): Encoder {
  return new Encoder({ extensionCodec: KEEP_EXTENSIONS, useBigInt64: true });
}
