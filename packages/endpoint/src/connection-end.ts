import { WilcoError, type ErrorCode } from '@wilco/protocol';

/** Why a connection ended that nobody here ended: in the words of its transport, where those are ours. */
export function endOf(remote: string, code: ErrorCode, cause: Error | undefined): WilcoError {
  if (WilcoError.is(cause)) return cause;
  const detail = `${remote}: ${cause?.message ?? 'the other side ended it'}`;
  return new WilcoError(code, detail, { cause });
}
