import type { AnswerOutcome, AnswerRecord, Extension } from '@wilco/protocol';
import type { IncomingMessage } from './incoming-message.ts';
import type { IdEnd } from './message-ids.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { HandlerEnd } from './sink.ts';

/** How a message ends here: what its answer says beside its payload. */
export interface Verdict {
  readonly outcome: AnswerOutcome;
  readonly code: string;
  readonly reason: string;
  readonly hasRun: boolean;
  readonly isRetryable: boolean;
  /** Handlers were started on it, none has finished it, and none will be: somebody is to look at it. */
  readonly isDeadLetter: boolean;
}

/** The plain end, as it is remembered under an id. */
export const PLAINLY: IdEnd = {
  outcome: 'handled',
  code: '',
  reason: '',
  hasRun: true,
  isRetryable: false,
  payload: undefined,
};

/** Of an id: a handler was started, or may have been, and nobody will learn how it ended. */
export const LEFT_OFF: HandlerEnd = {
  outcome: 'rejected',
  code: 'WILCO_HANDLER_TIMEOUT',
  reason:
    'a handler was started on it, or may have been, and did not finish before its session was over',
  hasRun: true,
  isRetryable: true,
  payload: undefined,
};

/** An ending without a word of a handler. */
export function verdict(outcome: AnswerOutcome, code: string, reason = ''): Verdict {
  return { outcome, code, reason, hasRun: false, isRetryable: false, isDeadLetter: false };
}

/** What a handler said of its message: a reply that its sender would not take is lost. */
export function verdictOf(result: HandlerEnd, maxReplyBytes: number): Verdict {
  const { code, reason, hasRun, isRetryable } = result;
  const outcome = result.outcome === 'handled' ? 'reply' : result.outcome;
  const isTooLarge = outcome === 'reply' && (result.payload?.byteLength ?? 0) > maxReplyBytes;
  const said = { outcome: isTooLarge ? ('replyLost' as const) : outcome, code, reason };
  return { ...said, hasRun, isRetryable, isDeadLetter: false };
}

/** What the sender is told. */
export function answerRecord({ channel, seq, id }: IncomingMessage, said: Verdict): AnswerRecord {
  const { outcome } = said;
  const isRejection = outcome === 'rejected';
  return {
    channel,
    seq,
    id,
    outcome,
    code: outcome === 'reply' || outcome === 'replyLost' ? '' : said.code,
    reason: isRejection ? said.reason : '',
    hasRun: isRejection && said.hasRun,
    isRetryable: isRejection && said.isRetryable,
  };
}

const CANCELLED = verdict('cancelled', 'WILCO_CANCELLED');
const EXPIRED = verdict('expired', 'WILCO_EXPIRED');

/** How a waiting message ends without a handler, or without another one; `undefined`: it does not. */
export function endOf(
  message: IncomingMessage,
  options: ResolvedSessionOptions,
  nowMs: number,
): Verdict | undefined {
  const unknown = message.extensions.length > 0 ? criticalOf(message.extensions) : undefined;
  if (unknown !== undefined) {
    const reason = `the critical extension ${String(unknown)} is not known here`;
    // Under its id a handler may have been started that knew it.
    const hasRun = message.attempt > 0;
    return { ...verdict('rejected', 'WILCO_EXTENSION_UNKNOWN', reason), hasRun };
  }
  if (message.attempt > 0) return endAfterAttempts(message, options, nowMs);
  if (message.expiresAtMs <= nowMs) return EXPIRED;
  return message.isWithdrawn ? CANCELLED : undefined;
}

/**
 * A handler has run on it, or may have: it can't be called expired or cancelled. Where the process
 * went down meanwhile nothing but the number of its attempts ends it: who knows what is half done.
 * Where the handler itself said "not now", its time and the peer's wish do as well.
 */
function endAfterAttempts(
  message: IncomingMessage,
  options: ResolvedSessionOptions,
  nowMs: number,
): Verdict | undefined {
  const { attempt, isDeferred } = message;
  if (attempt >= options.maxAttempts) {
    const reason = `${String(attempt)} handlers were started on it, and none has finished it`;
    return abandoned('WILCO_ATTEMPTS_OVER', reason);
  }
  if (!isDeferred) return undefined;
  if (message.expiresAtMs <= nowMs) {
    return abandoned('WILCO_EXPIRED', 'its time to live passed before another attempt');
  }
  if (message.isWithdrawn) return abandoned('WILCO_CANCELLED', 'withdrawn before another attempt');
  if (nowMs < retainedUntilMs(message, options)) return undefined;
  return abandoned('WILCO_RETENTION_OVER', 'it has waited too long for another attempt');
}

/** When a message whose handler said "not now" ends, if it is not handled before. */
export function deferralEndsMs(message: IncomingMessage, options: ResolvedSessionOptions): number {
  return Math.min(message.expiresAtMs, retainedUntilMs(message, options));
}

function retainedUntilMs(
  { acceptedAtMs }: IncomingMessage,
  options: ResolvedSessionOptions,
): number {
  return acceptedAtMs + options.retentionMs;
}

/** A handler was started and none will be again: a dead letter. */
function abandoned(code: string, reason: string): Verdict {
  return {
    ...verdict('rejected', code, reason),
    hasRun: true,
    isRetryable: true,
    isDeadLetter: true,
  };
}

/** The tag of the first that must be understood. */
function criticalOf(extensions: readonly Extension[]): number | undefined {
  return extensions.find(({ tag }) => tag % 2 === 1)?.tag;
}
