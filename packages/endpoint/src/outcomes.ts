import { messagePack } from '@wilco/codec';
import {
  isErrorCode,
  WilcoError,
  type ErrorCode,
  type MessageType,
  type Outcome,
  type PayloadCodec,
} from '@wilco/protocol';
import type { Settlement } from '@wilco/session';

const MESSAGE_PACK = messagePack();

/** How a message ends in this run that a store keeps for the next one. */
export const LEFT = Object.freeze({ status: 'left', code: 'WILCO_LEFT_IN_STORE' } as const);

/** Of most messages there is nothing more to tell. */
const HANDLED = Object.freeze({ status: 'handled', reply: undefined, replyLost: false } as const);

/** What the application is told, with the reply decoded. */
export function outcomeOf<Reply>(
  settlement: Settlement,
  codec: MessageType<unknown, Reply>['replyCodec'],
): Outcome<Reply> {
  const { code, reason, hasRun, isRetryable } = settlement;
  switch (settlement.status) {
    case 'handled':
      return handledOutcome(settlement, codec);
    case 'rejected':
      return { status: 'rejected', code, reason, hasRun, isRetryable };
    case 'expired':
      return { status: 'expired', code: known(code, 'WILCO_EXPIRED') };
    case 'cancelled':
      return { status: 'cancelled', code: known(code, 'WILCO_CANCELLED') };
    case 'inDoubt':
      return { status: 'inDoubt', code: known(code, 'WILCO_IN_DOUBT') };
  }
}

/** The effect is done, whether its reply can be read or not. */
function handledOutcome<Reply>(
  { payload, isReplyLost }: Settlement,
  codec: MessageType<unknown, Reply>['replyCodec'],
): Outcome<Reply> {
  if (payload === undefined) {
    return (isReplyLost ? { ...HANDLED, replyLost: true } : HANDLED) as Outcome<Reply>;
  }
  try {
    const reply = (codec ?? (MESSAGE_PACK as PayloadCodec<Reply>)).decode(payload);
    return { status: 'handled', reply, replyLost: false };
  } catch {
    return { status: 'handled', reply: undefined as Reply, replyLost: true };
  }
}

function known(code: string, fallback: ErrorCode): ErrorCode {
  return isErrorCode(code) ? code : fallback;
}

const CODES = {
  handled: 'WILCO_REJECTED',
  rejected: 'WILCO_REJECTED',
  expired: 'WILCO_EXPIRED',
  cancelled: 'WILCO_CANCELLED',
  inDoubt: 'WILCO_IN_DOUBT',
  left: 'WILCO_LEFT_IN_STORE',
} as const satisfies Record<Outcome['status'], ErrorCode>;

/** The error of a promise of a message that was not handled. */
export function errorOf(outcome: Outcome): WilcoError {
  return new WilcoError(CODES[outcome.status], describeOutcome(outcome), { outcome });
}

/** One line about how a message ended, for errors and logs. */
export function describeOutcome(outcome: Outcome): string {
  if (outcome.status === 'left') return 'left in the store';
  if (outcome.status === 'handled') return outcome.replyLost ? 'handled, reply lost' : 'handled';
  if (outcome.status !== 'rejected') return `${outcome.status} with ${outcome.code}`;
  const { code, reason, hasRun } = outcome;
  return `rejected with ${code} ${hasRun ? 'by its handler' : 'before a handler ran'}: ${reason}`;
}
