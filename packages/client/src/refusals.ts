import { isErrorCode, WilcoError, type CloseFrame, type ErrorCode } from '@wilco/protocol';

/** After so many in a row it is not a late connection of this client that was ahead. */
export const STALE_REFUSALS = 3;

/** With these the server says that it does not want this client back. */
export const FINAL_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WILCO_AUTHENTICATION_FAILED',
  'WILCO_POISONED',
  'WILCO_REVOKED',
  'WILCO_STORE_FAILED',
  'WILCO_TAKEN_OVER',
  'WILCO_VERSION_UNSUPPORTED',
]);

/** Why a client ends a connection on which it saw that a side lost its state. */
export function lostStateFrame(reason: string): CloseFrame {
  const code: ErrorCode = 'WILCO_STATE_LOST';
  return { kind: 'close', mode: 'detach', code, reason, retryAfterMs: undefined };
}

/** Why a client does not come back. */
export function refusalError(code: string, reason: string): WilcoError {
  const detail = `the server refused: ${reason}`;
  return isErrorCode(code)
    ? new WilcoError(code, detail)
    : new WilcoError('WILCO_UNSUPPORTED', `${detail} (${code})`);
}
