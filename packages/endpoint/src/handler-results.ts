import { LIMITS, type ErrorCode } from '@wilco/protocol';
import type { HandlerEnd } from '@wilco/session';

/** A handler that returned nothing. */
export const PLAIN: HandlerEnd = {
  outcome: 'handled',
  code: '',
  reason: '',
  hasRun: true,
  isRetryable: false,
  payload: undefined,
};

/** No handler ran. */
export function refused(code: ErrorCode, reason: string): HandlerEnd {
  return { ...PLAIN, outcome: 'rejected', code, reason, hasRun: false };
}

/** Whether the application rejects with a code of its own. */
export function isRejection(error: unknown): boolean {
  return asRejection(error) !== undefined;
}

/** A handler ran, and threw this. */
export function rejectedBy(error: unknown): HandlerEnd {
  const rejection = asRejection(error);
  return {
    ...PLAIN,
    outcome: 'rejected',
    code: rejection?.code ?? 'WILCO_HANDLER_FAILED',
    reason: reasonOf(error),
    isRetryable: rejection?.isRetryable ?? false,
  };
}

/** How much later a handler is to be started again, if that is what it threw. */
export function asRetryDelay(error: unknown): number | undefined {
  if (!(error instanceof Error) || error.name !== 'RetryLater' || !('delayMs' in error))
    return undefined;
  const { delayMs } = error;
  return typeof delayMs === 'number' && delayMs >= 0 && delayMs <= LIMITS.durationMs
    ? delayMs
    : undefined;
}

/** One sentence, never a stack. */
export function reasonOf(error: unknown): string {
  try {
    return (error instanceof Error ? error.message : String(error)).toWellFormed();
  } catch {
    return 'it threw something that can not be named';
  }
}

/** A `Rejection`, also one of another copy of the package; codes of ours are not the application's. */
function asRejection(error: unknown): { code: string; isRetryable: boolean } | undefined {
  if (!(error instanceof Error) || error.name !== 'Rejection' || !('code' in error))
    return undefined;
  const { code } = error;
  if (typeof code !== 'string' || code === '' || code.startsWith('WILCO_')) return undefined;
  return { code, isRetryable: 'isRetryable' in error && error.isRetryable === true };
}
