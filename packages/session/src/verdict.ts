import type { AnswerOutcome, Extension } from '@wilco/protocol';
import type { IncomingMessage } from './incoming-message.ts';
import type { IdEnd } from './message-ids.ts';

/** What an answer says beside its payload. */
export interface Verdict {
  readonly outcome: AnswerOutcome;
  readonly code: string;
  readonly reason: string;
  readonly hasRun: boolean;
  readonly isRetryable: boolean;
}

const CANCELLED: Verdict = verdict('cancelled', 'WILCO_CANCELLED');
const EXPIRED: Verdict = verdict('expired', 'WILCO_EXPIRED');
/** The plain end, as it is remembered under an id. */
export const PLAINLY: IdEnd = {
  outcome: 'handled',
  code: '',
  reason: '',
  hasRun: true,
  isRetryable: false,
  payload: undefined,
};

export function verdict(outcome: AnswerOutcome, code: string, reason = ''): Verdict {
  return { outcome, code, reason, hasRun: false, isRetryable: false };
}

/** How a message ends without a handler, if it does. */
export function endOf(message: IncomingMessage, nowMs: number): Verdict | undefined {
  const unknown = message.extensions.length > 0 ? criticalOf(message.extensions) : undefined;
  if (unknown !== undefined) {
    const reason = `the critical extension ${String(unknown)} is not known here`;
    return verdict('rejected', 'WILCO_EXTENSION_UNKNOWN', reason);
  }
  if (message.expiresAtMs <= nowMs) return EXPIRED;
  return message.isWithdrawn ? CANCELLED : undefined;
}

/** The tag of the first that must be understood. */
function criticalOf(extensions: readonly Extension[]): number | undefined {
  return extensions.find(({ tag }) => tag % 2 === 1)?.tag;
}
