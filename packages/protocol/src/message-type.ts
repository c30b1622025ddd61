import { checkName } from './checks.ts';
import { LIMITS } from './limits.ts';
import type { StandardSchema } from './standard-schema.ts';

/**
 * Turns bodies of one message type into bytes and back. Must be deterministic in what
 * it accepts: what `encode` returns, `decode` must take.
 */
export interface PayloadCodec<Body = unknown> {
  /** Told in logs and in the manual; not on the wire. */
  readonly name: string;
  /** Throws when the body can not be encoded without loss; the send fails and uses no seq. */
  encode(body: Body): Uint8Array;
  /** May keep views of `bytes`: they are never reused. Throws when they are not valid. */
  decode(bytes: Uint8Array): Body;
}

/** What to know of a message type beyond its name. */
export interface MessageTypeOptions<Input, Reply, Output = Input> {
  /**
   * Checked by the receiver before its handler runs; may be asynchronous, the order is kept.
   * A body that it refuses is rejected with `WILCO_PAYLOAD_INVALID`. The sender has the
   * schema's input type, the handler its output type.
   *
   * @defaultValue none: the body is what the codec decodes
   */
  readonly schema?: StandardSchema<Input, Output>;
  /**
   * How the body travels.
   *
   * @defaultValue MessagePack
   */
  readonly codec?: PayloadCodec<Input>;
  /**
   * How the reply travels.
   *
   * @defaultValue MessagePack
   */
  readonly replyCodec?: PayloadCodec<Reply>;
}

declare const reply: unique symbol;

/** A named type of message, shared by both sides. Made by {@link defineMessage}. */
export interface MessageType<Input = unknown, Reply = unknown, Output = Input> {
  readonly name: string;
  readonly schema: StandardSchema<Input, Output> | undefined;
  readonly codec: PayloadCodec<Input> | undefined;
  readonly replyCodec: PayloadCodec<Reply> | undefined;
  /** Never there: it carries the type of the reply. */
  readonly [reply]?: Reply;
}

/**
 * Defines a message type. Put it into a module that both sides import.
 *
 * @param name - 1 to 128 bytes of UTF-8, the same on both sides for ever.
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID` for a bad name.
 */
export function defineMessage<Input = unknown, Reply = void, Output = Input>(
  name: string,
  options: MessageTypeOptions<Input, Reply, Output> = {},
): MessageType<Input, Reply, Output> {
  checkName('the name of a message type', name, LIMITS.typeNameBytes);
  const { schema, codec, replyCodec } = options;
  return Object.freeze({ name, schema, codec, replyCodec });
}
