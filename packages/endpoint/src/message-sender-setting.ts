import type { MessageId, Outcome } from '@wilco/protocol';
import type { ResolvedSessionOptions } from '@wilco/session';
import type { Clock } from './clock.ts';
import type { KeptReceipts } from './kept-receipts.ts';
import type { SessionHandle } from './session-handle.ts';

/** A message that was not handled, and nobody had asked for its receipt. */
export interface UnobservedFailure {
  readonly session: SessionHandle;
  /** Name of the message type. */
  readonly type: string;
  readonly id: MessageId | undefined;
  readonly outcome: Outcome;
}

/** A message of an earlier run has ended, and nobody has its receipt. */
export interface SettledMessage {
  readonly session: SessionHandle;
  /** Name of the message type. */
  readonly type: string;
  readonly id: MessageId;
  readonly outcome: Outcome;
}

/** What all senders of a side share. */
export interface MessageSenderSetting {
  readonly clock: Clock;
  readonly options: ResolvedSessionOptions;
  /** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for writes that the store can't take. */
  checkWrites(writes: unknown): void;
  /** Where ends are kept for whoever asked for it; `undefined`: nowhere. */
  readonly kept?: KeptReceipts | undefined;
  failureUnobserved(failure: UnobservedFailure): void;
  settled(settled: SettledMessage): void;
}
