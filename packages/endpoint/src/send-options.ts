import { checkName, LIMITS, WilcoError, wholeInRange } from '@wilco/protocol';
import { checkSendNames } from './option-names.ts';
import type { SendOptions } from './session-handle.ts';

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`, or `WILCO_CANCELLED` for an aborted signal. */
export function checkSendOptions(options: SendOptions): void {
  checkSendNames(options);
  const { ttlMs, id, channel, signal, whenFull } = options;
  if (ttlMs !== undefined) wholeInRange('ttlMs', ttlMs, 1, LIMITS.durationMs);
  if (id !== undefined) checkName('the message id', id, LIMITS.messageIdBytes);
  if (channel !== undefined) checkName('the name of a channel', channel, LIMITS.channelNameBytes);
  if (whenFull !== undefined && whenFull !== 'fail' && whenFull !== 'wait') {
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `whenFull is '${String(whenFull)}', wanted 'fail' or 'wait'`,
    );
  }
  if (signal === undefined) return;
  if (!(signal instanceof AbortSignal)) {
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `signal is ${String(signal)}, wanted an AbortSignal`,
    );
  }
  if (!signal.aborted) return;
  const cause: unknown = signal.reason;
  throw new WilcoError('WILCO_CANCELLED', 'its signal was aborted before it was sent', { cause });
}
