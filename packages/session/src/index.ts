export { Session } from './session.ts';
export type {
  EngineStats,
  SessionCounters,
  SessionLoad,
  SessionStats,
  SettledCounts,
} from './session-stats.ts';
export {
  CLIENT_TRANSITIONS,
  nextClientPhase,
  nextServerPhase,
  SERVER_TRANSITIONS,
} from './connection-phases.ts';
export type {
  ClientConnectionEvent,
  ClientConnectionPhase,
  ServerConnectionEvent,
  ServerConnectionPhase,
} from './connection-phases.ts';
export { DeadlineHeap } from './deadline-heap.ts';
export type { Timed } from './deadline-heap.ts';
export type { FrameCounts, Link } from './conversation.ts';
export type { FarewellWords } from './farewell.ts';
export { resolveSessionOptions, SESSION_OPTION_NAMES } from './options.ts';
export type { ResolvedSessionOptions, SessionOptions, SessionSetting } from './options.ts';
export type { IdSetting } from './known-ids.ts';
export { MessageIds } from './message-ids.ts';
export type { IdEncoding, IdEnd, IdReach, IdRecord, MessageIdLimits } from './message-ids.ts';
export type { PeerWord, Resolved, SentChannel, SentSession } from './moved-messages.ts';
export { lastAck, lastStarted } from './remains.ts';
export type { PastChannel, PastSession } from './past-session.ts';
export type { PendingReason, PendingWanted } from './explain.ts';
export { Knowledge } from './knowledge.ts';
export type { StatusAnswer, StatusQuestion } from './status-desk.ts';
export type { Judgement, OpeningFacts } from './opening-facts.ts';
export { OutgoingMessage } from './outgoing-message.ts';
export type { MessageState, SubmitRequest } from './outgoing-message.ts';
export type { LeftOnDisk, OutboxOnDisk } from './outbox-on-disk.ts';
export type { Surrendered } from './outbox.ts';
export type { PageRange } from './paged-part.ts';
export { Poison } from './poison.ts';
export { nextSessionPhase, SESSION_TRANSITIONS } from './session-phases.ts';
export type { SessionEvent, SessionPhase } from './session-phases.ts';
export type { Shelf } from './shelf.ts';
export { cancelled, expired, inDoubt } from './settlement.ts';
export type {
  AbandonedMessage,
  Delivery,
  HandlerDeferral,
  HandlerEnd,
  HandlerResult,
  SessionEnd,
  SessionSink,
  Settlement,
} from './sink.ts';
export { SuspectGate } from './suspect-gate.ts';
export { WindowBudget } from './window-budget.ts';
