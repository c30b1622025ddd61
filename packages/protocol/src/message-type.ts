import { checkName } from './checks.ts';
import { WilcoError } from './wilco-error.ts';
import { LIMITS } from './limits.ts';
import { checkOptionNames, describeValue, type OptionNames } from './option-names.ts';
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
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID` for a bad name, an option that there is not,
 *   and what is no schema or codec.
 */
export function defineMessage<Input = unknown, Reply = void, Output = Input>(
  name: string,
  options: MessageTypeOptions<Input, Reply, Output> = {},
): MessageType<Input, Reply, Output> {
  checkName('the name of a message type', name, LIMITS.typeNameBytes);
  checkOptionNames('defineMessage()', options, NAMES);
  const { schema, codec, replyCodec } = options;
  if (schema !== undefined) checkSchema(name, schema);
  checkCodec(name, 'codec', codec);
  checkCodec(name, 'replyCodec', replyCodec);
  return Object.freeze({ name, schema, codec, replyCodec });
}

/**
 * Refuses what was not made by {@link defineMessage}, such as the bare name of a type.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`.
 */
export function checkMessageType(type: { readonly name: string } | undefined): void {
  if (typeof type === 'object' && typeof type?.name === 'string') return;
  const detail = `the message type is ${describeValue(type)}, wanted one made by defineMessage()`;
  throw new WilcoError('WILCO_OPTION_INVALID', detail);
}

const NAMES: OptionNames<MessageTypeOptions<unknown, unknown>> = {
  schema: true,
  codec: true,
  replyCodec: true,
};

/** What a schema lets through is believed, so one that could not be asked must not look like one. */
function checkSchema(name: string, schema: Partial<StandardSchema>): void {
  if (typeof schema['~standard']?.validate === 'function') return;
  const detail = `the schema of '${name}' is no Standard Schema (such as zod, valibot and arktype make)`;
  throw new WilcoError('WILCO_OPTION_INVALID', detail);
}

function checkCodec(name: string, option: string, codec: Partial<PayloadCodec> | undefined): void {
  if (codec === undefined) return;
  if (typeof codec.encode === 'function' && typeof codec.decode === 'function') return;
  const detail = `the ${option} of '${name}' is no codec: it needs encode and decode`;
  throw new WilcoError('WILCO_OPTION_INVALID', detail);
}
