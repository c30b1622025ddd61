import type { OutgoingMessage, Surrendered } from '@wilco/session';
import { MessageReceipt } from './receipt.ts';
import type { SessionDriver } from './session-driver.ts';

/** What becomes of messages that the lost session may have delivered. */
export type WhenSessionLost = 'resend' | 'inDoubt';

/** What became of the messages of a session that is over. */
export type MoveCounts = Readonly<MutableCounts>;

/** The same, while it is counted. */
export interface MutableCounts {
  /** The peer, asked in the next session, had handled them. */
  handled: number;
  /** Sent again marked `resent`: an earlier copy may have been handled. */
  resent: number;
  /** Settled in doubt. */
  inDoubt: number;
  /** Certainly never handled: they moved without a mark. */
  moved: number;
}

/** What became of them, where it is told only later that a copy had used the session: nothing moves without a mark. */
export function usedElsewhere(counts: MoveCounts, whenLost: WhenSessionLost): MoveCounts {
  const { handled, resent, inDoubt, moved } = counts;
  const perhapsHandled = resent + moved;
  return whenLost === 'inDoubt'
    ? { handled, resent: 0, inDoubt: inDoubt + perhapsHandled, moved: 0 }
    : { handled, resent: perhapsHandled, inDoubt, moved: 0 };
}

/** Hands messages over to the next session; returns those that are to be settled in doubt instead. */
export function passOn(
  from: SessionDriver,
  surrendered: readonly Surrendered[],
  next: SessionDriver,
  whenLost: WhenSessionLost,
  counts: MutableCounts,
): OutgoingMessage[] {
  const { isUsedElsewhere } = from.engine.onDisk;
  const lost: OutgoingMessage[] = [];
  for (const { message, mayBeHandled } of surrendered) {
    if (mayBeHandled && whenLost === 'inDoubt') {
      counts.inDoubt += 1;
      lost.push(message);
      continue;
    }
    // Whoever has the old id may be another message: its end is not that of this one.
    if (isUsedElsewhere) message.dropId();
    next.resubmit(message, mayBeHandled);
    if (message.receipt instanceof MessageReceipt) message.receipt.placed(next, message);
    counts[mayBeHandled ? 'resent' : 'moved'] += 1;
  }
  return lost;
}
