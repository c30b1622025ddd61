import type { AnswerFrame, ErrorCode } from '@wilco/protocol';
import type { Settlement } from './sink.ts';

const PLAIN: Settlement = {
  status: 'handled',
  code: '',
  reason: '',
  hasRun: true,
  isRetryable: false,
  isReplyLost: false,
  payload: undefined,
};

/** The handler finished and had nothing to say. */
export const HANDLED: Settlement = PLAIN;

/** It was withdrawn, or certainly never written. */
export function cancelled(code: ErrorCode, reason: string): Settlement {
  return { ...PLAIN, status: 'cancelled', code, reason, hasRun: false, isRetryable: true };
}

/** Its time passed before a handler took it. */
export function expired(code: ErrorCode, reason: string): Settlement {
  return { ...PLAIN, status: 'expired', code, reason, hasRun: false, isRetryable: true };
}

/** Nobody can know. */
export function inDoubt(code: ErrorCode, reason: string): Settlement {
  return { ...PLAIN, status: 'inDoubt', code, reason, hasRun: false, isRetryable: true };
}

/** This side found that the peer would not take it; it was never written. */
export function rejectedUnwritten(code: ErrorCode, reason: string): Settlement {
  return { ...PLAIN, status: 'rejected', code, reason, hasRun: false };
}

/**
 * What a sender may say by its own word. Of a message that came from another session marked
 * `resent` an earlier copy may have been handled: nothing but *in doubt* is true.
 */
export function ofOwnAccord(
  message: { readonly isResent: boolean },
  settlement: Settlement,
): Settlement {
  if (!message.isResent) return settlement;
  return inDoubt(settlement.code as ErrorCode, settlement.reason);
}

/**
 * What the peer's answer says. A message whose time to live had passed, and that the peer
 * then gave back at our request, has expired: no handler took it in time. One that had none,
 * and was too old to be kept, is cancelled for that reason, not at the application's wish.
 *
 * @param tooOld - For which reason this side had asked for it back; `undefined`: for neither.
 */
export function settlementOf(
  answer: AnswerFrame,
  payload: Uint8Array,
  tooOld: 'WILCO_EXPIRED' | 'WILCO_RETENTION_OVER' | undefined,
): Settlement {
  switch (answer.outcome) {
    case 'reply':
      return { ...PLAIN, payload };
    case 'replyLost':
      return { ...PLAIN, isReplyLost: true };
    case 'rejected':
      return {
        ...PLAIN,
        status: 'rejected',
        ...whyRejected(answer, tooOld),
        hasRun: answer.hasRun,
        isRetryable: answer.isRetryable,
      };
    case 'expired':
      return expired('WILCO_EXPIRED', 'its time to live passed before a handler took it');
    case 'cancelled':
      return givenBack(tooOld);
  }
}

/** What we asked back because its time was over, the application had not withdrawn. */
function whyRejected(
  { code, reason }: AnswerFrame,
  tooOld: Parameters<typeof settlementOf>[2],
): Pick<Settlement, 'code' | 'reason'> {
  if (tooOld === undefined || code !== 'WILCO_CANCELLED') return { code, reason };
  return { code: tooOld, reason: 'its time passed before another attempt' };
}

function givenBack(tooOld: Parameters<typeof settlementOf>[2]): Settlement {
  const reason = 'its time passed, and the peer gave it back before a handler took it';
  if (tooOld === undefined)
    return cancelled('WILCO_CANCELLED', 'withdrawn before a handler took it');
  return tooOld === 'WILCO_EXPIRED' ? expired(tooOld, reason) : cancelled(tooOld, reason);
}
