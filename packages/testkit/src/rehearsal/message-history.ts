import type { LogEntry } from '@wilco/client';

/** One message, as both sides tell of it. */
export interface RehearsedMessage {
  readonly id: string;
  readonly type: string;
  readonly channel: string;
  /** Who sent it. */
  readonly from: 'client' | 'server';
  /** How often a handler was started on it. */
  readonly starts: number;
  /** How its receipt ended; `undefined` while it has not. */
  readonly outcome: string | undefined;
}

/** What became of the messages of a rehearsal. */
export interface RehearsalReport {
  /** All that were sent, in the order in which they entered an outbox. */
  readonly sent: readonly RehearsedMessage[];
  /** Those whose receipt says handled. */
  readonly handled: readonly RehearsedMessage[];
  /** Those that ended otherwise: rejected, expired, cancelled or in doubt. */
  readonly failed: readonly RehearsedMessage[];
  /** Those whose receipt says handled though no handler ran. Never any, or it is a fault of Wilco. */
  readonly lost: readonly RehearsedMessage[];
  /** Those on which a handler was started more than once. */
  readonly repeated: readonly RehearsedMessage[];
  /** Those that a handler was started on after a later one of the same session and channel. */
  readonly outOfOrder: readonly RehearsedMessage[];
  /** Those whose receipt has not ended. */
  readonly unsettled: readonly RehearsedMessage[];
}

type Known = { -readonly [Name in keyof RehearsedMessage]: RehearsedMessage[Name] };

/** Listens to the logs of both sides, and knows what became of each message. */
export class MessageHistory {
  readonly #messages = new Map<string, Known>();
  /** The highest place that was started, by the side that handles, session and channel. */
  readonly #started = new Map<string, number>();
  readonly #outOfOrder = new Set<Known>();

  /** How many have not ended. */
  unsettledCount = 0;

  /** Takes an entry of either side's log. */
  note(entry: LogEntry): void {
    switch (entry.event) {
      case 'message.queued':
        this.#queued(entry);
        break;
      case 'handler.started':
        this.#handlerStarted(entry);
        break;
      case 'message.handled':
        this.#settled(entry, 'handled');
        break;
      case 'message.failed':
        this.#settled(entry, entry.outcome ?? 'unknown');
        break;
      default:
    }
  }

  report(): RehearsalReport {
    const sent: readonly RehearsedMessage[] = [...this.#messages.values()];
    return {
      sent,
      handled: sent.filter(({ outcome }) => outcome === 'handled'),
      failed: sent.filter(({ outcome }) => outcome !== undefined && outcome !== 'handled'),
      lost: sent.filter(({ outcome, starts }) => outcome === 'handled' && starts === 0),
      repeated: sent.filter(({ starts }) => starts > 1),
      outOfOrder: [...this.#outOfOrder],
      unsettled: sent.filter(({ outcome }) => outcome === undefined),
    };
  }

  #queued({ id, type, channel, side }: LogEntry): void {
    // One that moved to another session is the same message.
    if (id === undefined || this.#messages.has(id)) return;
    this.#messages.set(id, {
      id,
      type: type ?? '',
      channel: channel ?? '',
      from: side,
      starts: 0,
      outcome: undefined,
    });
    this.unsettledCount += 1;
  }

  #handlerStarted({ id, side, session, channel, seq = 0 }: LogEntry): void {
    const message = id === undefined ? undefined : this.#messages.get(id);
    if (message === undefined) return;
    message.starts += 1;
    const flow = `${side} ${String(session)} ${String(channel)}`;
    const highest = this.#started.get(flow) ?? 0;
    if (seq < highest) this.#outOfOrder.add(message);
    this.#started.set(flow, Math.max(highest, seq));
  }

  #settled({ id }: LogEntry, outcome: string): void {
    const message = id === undefined ? undefined : this.#messages.get(id);
    if (message === undefined || message.outcome !== undefined) return;
    message.outcome = outcome;
    this.unsettledCount -= 1;
  }
}
