import type { Outcome } from '@wilco/client';
import { jsonLine } from './json-text.ts';

/** How a line ended, as the receipts file says it. */
export type LineOutcome = 'handled' | 'rejected' | 'expired' | 'cancelled' | 'in-doubt' | 'left';

/** One line of the receipts file. */
export interface LineReceipt {
  /** Place of the line in the input, from 0. */
  readonly line: number;
  /** The message id; `undefined` for a line that never became a message. */
  readonly id: string | undefined;
  readonly outcome: LineOutcome;
  /** Why it was not handled: a code, and what the peer said. */
  readonly reason: string | undefined;
  /** How often it was put on a connection. */
  readonly attempts: number;
  /** From reading the line until it was settled. Milliseconds. */
  readonly ms: number;
}

/** `{"line","id","outcome","reason","attempts","ms"}`, in this order. */
export function receiptLine({ line, id, outcome, reason, attempts, ms }: LineReceipt): string {
  return jsonLine({ line, id, outcome, reason, attempts, ms });
}

export function outcomeOf({ status }: Outcome): LineOutcome {
  return status === 'inDoubt' ? 'in-doubt' : status;
}

export function reasonOf(outcome: Outcome): string | undefined {
  if (outcome.status === 'handled') return undefined;
  if (outcome.status === 'rejected') return `${outcome.code}: ${outcome.reason}`;
  return outcome.code;
}
