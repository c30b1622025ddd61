import type { ErrorCode, StartedPosition } from '@wilco/protocol';

/** What a side says when it goes. */
export interface FarewellWords {
  /** `end`: the session is over. `detach`: this side goes, and the session can be resumed. */
  readonly mode: 'end' | 'detach';
  readonly code: ErrorCode;
  readonly reason: string;
  /** When the peer may come back; `undefined`: as it likes. */
  readonly retryAfterMs: number | undefined;
}

/** How far a goodbye has come: each side says CLOSE and answers the other's. */
export class Farewell {
  readonly words: FarewellWords;
  /** Whether this side began it. */
  readonly isLocal: boolean;
  /** When it is over whether the peer has answered or not. */
  readonly deadlineMs: number;
  hasSentClose = false;
  hasSentAck = false;
  hasReceivedClose = false;
  /** From the peer's CLOSE_ACK: nothing at or above these positions was or will be handled. */
  started: readonly StartedPosition[] | undefined;

  constructor(words: FarewellWords, isLocal: boolean, deadlineMs: number) {
    this.words = words;
    this.isLocal = isLocal;
    this.deadlineMs = deadlineMs;
  }

  get isComplete(): boolean {
    return this.hasSentClose && this.hasSentAck && this.started !== undefined;
  }

  /** Whether the peer said that it never started on this message. */
  wasNeverStarted(channel: number, seq: number): boolean {
    const position = this.started?.find((entry) => entry.channel === channel)?.started;
    // A channel that the peer does not name is one that it never heard of.
    return this.started !== undefined && (position === undefined || seq >= position);
  }
}
