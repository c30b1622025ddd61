/** What an application meets at either side: client and server show all of it as their own. */
export { borrowedBytes, json, messagePack, rawBytes } from '@wilco/codec';
export type { ExtensionCodec, JsonCodec, MessagePackOptions } from '@wilco/codec';
export {
  defineMessage,
  derivedMessageId,
  ERRORS,
  Rejection,
  RetryLater,
  WilcoError,
} from '@wilco/protocol';
export type {
  ErrorCode,
  MessageId,
  MessageStatus,
  MessageType,
  MessageTypeOptions,
  NewReason,
  Outcome,
  PayloadCodec,
  ServerId,
  SessionId,
  StandardSchema,
} from '@wilco/protocol';
export type {
  SessionCounters,
  SessionLoad,
  SessionOptions,
  SessionStats,
  SettledCounts,
} from '@wilco/session';
export type { Store } from '@wilco/store';
export { systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export type { EndpointEvents } from './endpoint.ts';
export type { EndpointOptions } from './endpoint-options.ts';
export type { EventListener, ListenerFailure, Undo } from './event-source.ts';
export type { HandlerFailure, LateResult } from './handler-runs.ts';
export { decodeDeadLetter, encodeDeadLetter, requeuedDeadLetter } from './dead-letter.ts';
export type { DeadLetter } from './dead-letter.ts';
export type {
  DeadLetterHandler,
  FallbackHandler,
  HandleOptions,
  Handler,
  HandlerContext,
  WhenRetried,
} from './handlers.ts';
export type { WhenSessionLost } from './pass-on.ts';
export type { SettledMessage, UnobservedFailure } from './message-sender-setting.ts';
export type { OpeningOptions } from './opening-options.ts';
export { consoleLog } from './console-log.ts';
export type { ConsoleLogOptions } from './console-log.ts';
export { LOG_EVENTS } from './log-events.ts';
export type { LogEvent, LogLevel } from './log-events.ts';
export type { LogEntry, LogHook, LogPosition } from './log.ts';
export type { PendingMessage, PendingOptions } from './pending.ts';
export { systemRandom } from './random.ts';
export type { Random } from './random.ts';
export type { Receipt } from './receipt.ts';
export type { KeptReceipt } from './kept-receipts.ts';
export type { Explanation, ExplainOptions, StatusOptions, StatusReport } from './inquiries.ts';
export type { CloseOptions, DrainOptions, SendOptions, SessionHandle } from './session-handle.ts';
export type { ChannelOptions } from './session-setting.ts';
export { tcpTransport } from './tcp-transport.ts';
export type { TcpTransportOptions } from './tcp-transport.ts';
export type { TlsCertificates, TlsClientOptions, TlsServerOptions } from './tls-options.ts';
export type {
  Address,
  Connection,
  ConnectionEvents,
  FullAddress,
  Listener,
  TlsPeer,
  Transport,
} from './transport.ts';
