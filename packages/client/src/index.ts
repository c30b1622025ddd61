export { Client, connect } from './client.ts';
export type { ClientEvents, StateLost } from './events.ts';
export type { ClientOptions, Credentials, ReconnectOptions } from './options.ts';
export {
  json,
  messagePack,
  rawBytes,
  systemClock,
  systemRandom,
  tcpTransport,
} from '@wilco/endpoint';
export type {
  Address,
  ChannelOptions,
  Clock,
  CloseOptions,
  DrainOptions,
  ExtensionCodec,
  FallbackHandler,
  HandleOptions,
  Handler,
  HandlerContext,
  HandlerFailure,
  JsonCodec,
  LateResult,
  ListenerFailure,
  MessagePackOptions,
  OpeningOptions,
  Random,
  Receipt,
  SendOptions,
  SessionHandle,
  SessionOptions,
  SessionStats,
  Store,
  Transport,
  Undo,
  UnobservedFailure,
  WhenSessionLost,
} from '@wilco/endpoint';
export { defineMessage, ERRORS, Rejection, WilcoError } from '@wilco/protocol';
export type {
  ErrorCode,
  MessageId,
  MessageType,
  MessageTypeOptions,
  NewReason,
  Outcome,
  PayloadCodec,
  SessionId,
  StandardSchema,
} from '@wilco/protocol';
