import type { MessageStatus } from '@wilco/protocol';
import type { OrderGroup, OrderOutcome, OrderSend, OrderStart } from './order-book.ts';

/** What a rule has to know beside the messages under one id. */
export interface OrderRuleSetting {
  readonly atMs: number;
  /** Since when the receiver has forgotten nothing of what it had kept. */
  readonly remembersSinceMs: number;
  /** When the process of the receiver began that it has now. */
  readonly receiverBeganAtMs: number;
  /** How long a handler of the receiver may take, its grace included. */
  readonly handlerMs: number;
  /** Another one may have used what the sender has: its earlier life, or a clone. */
  readonly isUsedElsewhere: boolean;
}

/** Why a handler must not start on a message under this id now; `undefined`: it may. */
export function wrongStart(
  group: OrderGroup,
  start: OrderStart,
  setting: OrderRuleSetting,
): string | undefined {
  for (const before of group.starts) {
    if (before.host !== start.host || before.ended === 'threw') continue;
    const isSameProcess = before.run === start.run;
    const mayHaveOverrun = before.isOverrun || start.atMs - before.atMs >= setting.handlerMs;
    const isOpen = before.ended === undefined && mayHaveOverrun;
    if (isSameProcess && !before.isOverrun && !isOpen) return 'the same process had handled it';
    if (before.atMs <= setting.remembersSinceMs) continue;
    if (toldOf(group, before, start.atMs) !== undefined) {
      return `its sender had been told that start ${before.number} ended it`;
    }
  }
  return undefined;
}

/** What is untrue about the end of a message under an id; `undefined`: it is true. */
export function wrongEnd(
  group: OrderGroup,
  send: OrderSend,
  outcome: OrderOutcome,
  setting: OrderRuleSetting,
): string | undefined {
  const own = group.starts.filter(({ variant }) => variant === send.order.variant);
  switch (outcome.status) {
    case 'handled':
      return wrongReply(own, outcome);
    case 'rejected':
      return wrongRejection(group, send, own, outcome, setting);
    case 'expired':
      return 'it has no time to live';
    case 'cancelled':
      return own.length > 0 && group.sends.length === 1 && !setting.isUsedElsewhere
        ? 'a handler took it'
        : undefined;
    default:
      return undefined;
  }
}

/** What is untrue about the answer to *what became of it?*. */
export function wrongStatus(
  group: OrderGroup,
  status: MessageStatus,
  askedAtMs: number,
  setting: OrderRuleSetting,
): string | undefined {
  const known = group.starts.filter(({ atMs }) => atMs > setting.remembersSinceMs);
  const ended = known.filter((start) => toldOf(group, start, askedAtMs) !== undefined);
  if (status === 'handled') {
    const isSo = group.starts.some((start) => isDone(start));
    return isSo ? undefined : 'no handler has finished it';
  }
  if (ended.some((start) => isDone(start))) return 'its sender was told that it is handled';
  if (status === 'rejected') {
    const isSo =
      group.starts.length > 0 || isReused(group, setting.atMs) || isOfEarlierRun(group, setting);
    return isSo ? undefined : 'no handler was ever started on it';
  }
  if (ended.length > 0) return 'its sender was told that it is rejected';
  const isForgotten = status === 'neverSeen' || status === 'forgotten';
  const before = known.find(({ atMs }) => atMs < askedAtMs);
  return isForgotten && before !== undefined
    ? `its handler was started at ${before.atMs.toFixed(0)} ms`
    : undefined;
}

/** Who was told, before a moment, that this very start ended the message. */
function toldOf(group: OrderGroup, start: OrderStart, beforeMs: number): OrderSend | undefined {
  return group.sends.find(({ order, outcome, settledAtMs }) => {
    if (outcome === undefined || settledAtMs >= beforeMs) return false;
    if (order.variant !== start.variant || start.endedAtMs > settledAtMs) return false;
    if (outcome.status === 'rejected') {
      return outcome.code === 'SIM_REFUSED' && isOnly(group, start, 'rejected');
    }
    if (outcome.status !== 'handled') return false;
    if (outcome.reply === undefined) return isOnly(group, start, 'done');
    return outcome.reply[1] === start.number;
  });
}

/** No other start under the id has ended so. */
function isOnly({ starts }: OrderGroup, start: OrderStart, how: OrderStart['ended']): boolean {
  const alike = starts.filter(({ ended }) => ended === how);
  return alike.length === 1 && alike[0] === start;
}

function wrongReply(
  own: readonly OrderStart[],
  { reply, replyLost }: Extract<OrderOutcome, { readonly status: 'handled' }>,
): string | undefined {
  if (replyLost) return 'its reply is said to be lost';
  if (reply === undefined) {
    return own.some(({ ended }) => ended === 'done')
      ? undefined
      : 'no handler finished it without a reply';
  }
  const [variant, number] = reply;
  const isGiven = own.some(
    (start) => start.ended === 'replied' && start.variant === variant && start.number === number,
  );
  return isGiven ? undefined : 'no handler of it gave that reply';
}

function wrongRejection(
  group: OrderGroup,
  send: OrderSend,
  own: readonly OrderStart[],
  { code, hasRun }: Extract<OrderOutcome, { readonly status: 'rejected' }>,
  setting: OrderRuleSetting,
): string | undefined {
  if (!hasRun) {
    if (code === 'WILCO_CLOSED') return undefined;
    if (code !== 'WILCO_ID_REUSED') return `the code ${code} is nobody's`;
    const isOther = group.sends.some(({ order }) => order.variant !== send.order.variant);
    return isOther ? undefined : 'no other message came under its id';
  }
  if (own.length === 0) {
    // What a start was marked for ahead, and a kill came before it, counts as perhaps started.
    return isOfEarlierRun(group, setting) && code === 'WILCO_HANDLER_TIMEOUT'
      ? undefined
      : 'no handler was ever started on it';
  }
  if (code === 'SIM_REFUSED') return endedAs(own, 'rejected', 'no handler refused it');
  if (code === 'WILCO_HANDLER_FAILED') return endedAs(own, 'threw', 'no handler threw');
  const isKnown = code === 'WILCO_HANDLER_TIMEOUT' || code === 'WILCO_ATTEMPTS_OVER';
  return isKnown ? undefined : `the code ${code} is nobody's`;
}

function endedAs(
  starts: readonly OrderStart[],
  how: OrderStart['ended'],
  what: string,
): string | undefined {
  return starts.some(({ ended }) => ended === how) ? undefined : what;
}

function isDone({ ended }: OrderStart): boolean {
  return ended === 'done' || ended === 'replied';
}

/** Whether its receiver was started anew since a message came under this id: a handler may count as started. */
function isOfEarlierRun({ sends }: OrderGroup, { receiverBeganAtMs }: OrderRuleSetting): boolean {
  return sends.some(({ sentAtMs }) => sentAtMs < receiverBeganAtMs);
}

function isReused({ sends }: OrderGroup, atMs: number): boolean {
  const variants = sends.filter(({ sentAtMs }) => sentAtMs <= atMs).map((one) => one.order.variant);
  return new Set(variants).size > 1;
}
