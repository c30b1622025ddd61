import { inRange } from './checks.ts';
import type { ErrorCode } from './errors.ts';
import { LIMITS } from './limits.ts';

/**
 * How a message ended. Exactly one for each message, and it never changes; only what was `left`
 * in a store by one run ends in a later one.
 */
export type Outcome<Reply = unknown> =
  | HandledOutcome<Reply>
  | RejectedOutcome
  | ExpiredOutcome
  | CancelledOutcome
  | InDoubtOutcome
  | LeftOutcome;

/** The peer's handler finished. */
export interface HandledOutcome<Reply = unknown> {
  readonly status: 'handled';
  /** What the handler returned; `undefined` where it returned nothing or the reply was lost. */
  readonly reply: Reply;
  /** The handler had a reply that could not be encoded or was too large. The effect is done. */
  readonly replyLost: boolean;
}

/** The peer refused the message, or its handler threw or ran out of time. */
export interface RejectedOutcome {
  readonly status: 'rejected';
  /** A code of {@link ErrorCode}, or one that the application gave with its `Rejection`. */
  readonly code: string;
  /** One sentence of the peer. */
  readonly reason: string;
  /** Whether a handler ran: if so there may be effects. */
  readonly hasRun: boolean;
  /** Whether sending the same again can help. */
  readonly isRetryable: boolean;
}

/** The time to live passed before a handler took it. */
export interface ExpiredOutcome {
  readonly status: 'expired';
  readonly code: ErrorCode;
}

/** Withdrawn before a handler took it, or never written when its session ended. */
export interface CancelledOutcome {
  readonly status: 'cancelled';
  /** Why, such as `WILCO_CANCELLED` (the application asked) or `WILCO_SESSION_ENDED`. */
  readonly code: ErrorCode;
}

/** Nobody can know whether the peer handled it. */
export interface InDoubtOutcome {
  readonly status: 'inDoubt';
  /** Why nobody can know. */
  readonly code: ErrorCode;
}

/** This side was closed before the message had ended, and its store keeps it for the next run. */
export interface LeftOutcome {
  readonly status: 'left';
  readonly code: 'WILCO_LEFT_IN_STORE';
}

/**
 * Throw it from a handler to reject a message with a code of your own and to say
 * whether repeating can help. Any other error rejects with `WILCO_HANDLER_FAILED`.
 */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  /** 1 to 128 bytes of UTF-8, such as `OUT_OF_STOCK`. Codes that begin with `WILCO_` are ours. */
  readonly code: string;
  readonly isRetryable: boolean;

  constructor(
    code: string,
    reason: string,
    options: { readonly isRetryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(reason, options);
    this.code = code;
    this.isRetryable = options.isRetryable ?? false;
  }
}

/**
 * Throw it from a handler to say "not now": the message stays received, and a handler is started
 * on it again later. Its sender learns nothing meanwhile. When that has happened `maxAttempts`
 * times, or the message's time is over, it is rejected (`hasRun`), and a dead letter here.
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
  /** How much later, at the earliest. Milliseconds. */
  readonly delayMs: number;

  /**
   * @param delayMs - Milliseconds, 0 to 2_147_483_647.
   * @param reason - For people; it does not travel.
   * @throws {@link WilcoError} `WILCO_OPTION_INVALID` for another delay.
   */
  constructor(delayMs: number, reason = 'not now', options: { readonly cause?: unknown } = {}) {
    super(reason, options);
    this.delayMs = inRange('delayMs', delayMs, 0, LIMITS.durationMs);
  }
}
