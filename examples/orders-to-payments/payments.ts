/** The service that takes payments. */
import { Rejection, type HandlerContext } from '@wilco/server';
import type { Charge, Charged } from './messages.ts';

const LIMIT_CENTS = 50_000;

/** How long the bank takes. Milliseconds. */
const BANK_MS = 150;

const charged = new Map<string, Charged>();

export async function charge(
  { order, cents }: Charge,
  { isResent, isRedelivered, signal }: HandlerContext,
): Promise<Charged> {
  // An earlier copy may have been handled: the effect is looked up before it is made again.
  const before = charged.get(order);
  if ((isResent || isRedelivered) && before !== undefined) return before;
  if (cents > LIMIT_CENTS) {
    throw new Rejection('CARD_DECLINED', `over the limit of ${LIMIT_CENTS} cents`);
  }
  await theBank(signal);
  const result = { transaction: `t-${charged.size + 1}` };
  charged.set(order, result);
  return result;
}

/** Takes its time, and stops when the payment is not wanted any more. */
function theBank(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, BANK_MS);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new Rejection('BANK_STOPPED', 'the payment was withdrawn', { isRetryable: true }));
    });
  });
}
