export { Session } from './session.ts';
export type { Judgement, SessionStats } from './session.ts';
export type { Link } from './conversation.ts';
export type { FarewellWords } from './farewell.ts';
export { resolveSessionOptions } from './options.ts';
export type { ResolvedSessionOptions, SessionOptions, SessionSetting } from './options.ts';
export { OutgoingMessage } from './outgoing-message.ts';
export type { MessageState, SubmitRequest } from './outgoing-message.ts';
export type { Surrendered } from './outbox.ts';
export { Poison } from './poison.ts';
export { nextSessionPhase, SESSION_TRANSITIONS } from './session-phases.ts';
export type { SessionEvent, SessionPhase } from './session-phases.ts';
export { cancelled, expired, inDoubt } from './settlement.ts';
export type {
  Delivery,
  HandlerResult,
  SessionEnd,
  SessionSink,
  Settlement,
} from './sink.ts';
export { WindowBudget } from './window-budget.ts';
