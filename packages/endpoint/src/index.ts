export { addressName, fullAddress, isLocal, parseAddress } from './address.ts';
export { ClientConnection } from './client-opening.ts';
export type { ClientOpeningOwner, ClientOpeningSetting } from './client-opening.ts';
export { borrowedBytes, json, messagePack, rawBytes } from '@wilco/codec';
export type { ExtensionCodec, JsonCodec, MessagePackOptions } from '@wilco/codec';
export { lastAck, lastStarted, resolveSessionOptions, WindowBudget } from '@wilco/session';
export type {
  ResolvedSessionOptions,
  MessageIds,
  PastSession,
  Resolved,
  SessionEnd,
  SessionOptions,
  SessionSetting,
  SessionCounters,
  SessionLoad,
  SessionStats,
} from '@wilco/session';
export type { Store, StoreContents } from '@wilco/store';
export { systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { checkCloseNames, ENDPOINT_OPTION_NAMES } from './option-names.ts';
export { DeadLetters } from './dead-letters.ts';
export type { DeadLetterLimits, DeadLettersSetting } from './dead-letters.ts';
export type { DeadLetter } from './dead-letter.ts';
export { Endpoint, endpointEvents } from './endpoint.ts';
export type { EndpointEvents } from './endpoint.ts';
export {
  checkExposure,
  refusePlainIntegrity,
  refuseTlsBeside,
  resolveEndpointOptions,
} from './endpoint-options.ts';
export type { EndpointOptions, ResolvedEndpointOptions } from './endpoint-options.ts';
export { EventSource, isThenable } from './event-source.ts';
export type { EventListener, ListenerFailure, Undo } from './event-source.ts';
export { FrameConnection } from './frame-connection.ts';
export type { HandlerFailure, LateResult } from './handler-runs.ts';
export { Handlers } from './handlers.ts';
export type { FallbackHandler, HandleOptions, Handler, HandlerContext } from './handlers.ts';
export { messageIds, openRemembering } from './id-memory.ts';
export { logError } from './log.ts';
export type { EventLog } from './log.ts';
export { LiveSession } from './live-session.ts';
export type { LiveSessionSetting, SessionLife } from './live-session-setting.ts';
export { usedElsewhere, type MoveCounts, type WhenSessionLost } from './pass-on.ts';
export { MessageSender } from './message-sender.ts';
export { OutboxMoves } from './outbox-moves.ts';
export type { Destination, LostSession } from './outbox-moves.ts';
export { fairShare, ownShare } from './outbox-share.ts';
export type {
  MessageSenderSetting,
  SettledMessage,
  UnobservedFailure,
} from './message-sender-setting.ts';
export { resolveOpeningOptions } from './opening-options.ts';
export type {
  OpeningOptions,
  ResolvedOpeningOptions,
  TransitionListener,
} from './opening-options.ts';
export { pendingOf } from './pending.ts';
export type { PendingMessage, PendingOptions } from './pending.ts';
export { systemRandom } from './random.ts';
export type { Random } from './random.ts';
export { describeOutcome } from './outcomes.ts';
export type { Receipt } from './receipt.ts';
export { ServerConnection } from './server-opening.ts';
export type { Refusal, ServerOpeningOwner, ServerOpeningSetting } from './server-opening.ts';
export { SessionDriver } from './session-driver.ts';
export type { SessionDriverOwner } from './owner-calls.ts';
export type { SessionDriverSetting } from './session-driver-setting.ts';
export { KeptReceipts } from './kept-receipts.ts';
export type { KeptReceipt } from './kept-receipts.ts';
export type { Explanation, ExplainOptions, StatusOptions, StatusReport } from './inquiries.ts';
export type { CloseOptions, DrainOptions, SendOptions, SessionHandle } from './session-handle.ts';
export { checkChannels, newId, refuseExposed, sessionSetting } from './session-setting.ts';
export type { ChannelOptions, SessionSource } from './session-setting.ts';
export { StoreDriver } from './store-driver.ts';
export { tcpTransport } from './tcp-transport.ts';
export { tlsClient } from './tls-client.ts';
export type { TlsCertificates, TlsClientOptions, TlsServerOptions } from './tls-options.ts';
export { tlsServer } from './tls-server.ts';
export { judgeToken, TokenRing } from './tokens.ts';
export type { TokenVerdict } from './tokens.ts';
export type {
  Address,
  Connection,
  ConnectionEvents,
  FullAddress,
  Listener,
  TlsPeer,
  Transport,
} from './transport.ts';
