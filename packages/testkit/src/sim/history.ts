import type { Outcome } from '@wilco/protocol';
import type { PlannedMessage } from './plan.ts';

/** One start of a handler, as the handler itself saw it. */
export interface Start {
  readonly atMs: number;
  readonly host: string;
  /** Counts the processes of the host: another number is another process. */
  readonly run: number;
  /** As the receiving side named it when the handler started. */
  readonly session: string;
  readonly isResent: boolean;
  readonly isRedelivered: boolean;
  /** How it ended; `undefined` while it runs, or when its process died before. */
  ended: 'done' | 'replied' | 'rejected' | 'threw' | undefined;
  endedAtMs: number;
  isAborted: boolean;
}

/** All that the simulator itself saw of one message. */
export interface Entry {
  readonly message: PlannedMessage;
  /** The process that sent it. */
  readonly run: number;
  readonly sentAtMs: number;
  /** Its place among all messages that were sent, in the order of sending. */
  readonly order: number;
  isCancelled: boolean;
  isQueued: boolean;
  isReceived: boolean;
  outcome: Outcome<Uint8Array | undefined> | undefined;
  settledAtMs: number;
  /** The process that sent it died: nobody holds its receipt. */
  isOrphaned: boolean;
  readonly starts: Start[];
}

/**
 * The simulator's own memory of a run: written by the applications at both ends, never
 * by anything that is tested.
 */
export class History {
  readonly entries = new Map<number, Entry>();
  /** All starts of handlers, in order. */
  readonly starts: { readonly entry: Entry; readonly start: Start }[] = [];
  /** When something befell a host, or a session of it, that may justify an honest "nobody knows". */
  readonly #doubts = new Map<string, number[]>();
  /** Since when a client has had no connection, by its host; there while it has none. */
  readonly offlineSinceMs = new Map<string, number>();
  /**
   * Hosts whose disk was set back to an older state, or copied: what they had ended may begin
   * again from there, and nobody can know it.
   */
  readonly rewound = new Set<string>();
  /** The last run of a host before its disk was set back: later ones did not know what they had done. */
  readonly lastBeforeSetBack = new Map<string, number>();
  /** Hosts of which a clone lives: what one of the two never wrote, the other may have written. */
  readonly cloned = new Set<string>();
  /** Processes (host and run) that died with marks of starts that their disk did not get. */
  readonly forgetful = new Set<string>();
  /** Messages that were refused when they were offered. */
  refused = 0;
  /** Messages whose receipts somebody still waits for. */
  openCount = 0;

  sent(message: PlannedMessage, run: number, atMs: number): Entry {
    const entry: Entry = {
      message,
      run,
      sentAtMs: atMs,
      order: this.entries.size,
      isCancelled: false,
      isQueued: false,
      isReceived: false,
      outcome: undefined,
      settledAtMs: Infinity,
      isOrphaned: false,
      starts: [],
    };
    this.entries.set(message.index, entry);
    this.openCount += 1;
    return entry;
  }

  /** Something befell a host, or the session that it has with the server. */
  doubt(host: string, atMs: number): void {
    const times = this.#doubts.get(host) ?? [];
    times.push(atMs);
    this.#doubts.set(host, times);
  }

  /** Whether anything befell one of its two sides, or their session, since it was sent. */
  isDoubtful({ message, sentAtMs }: Entry): boolean {
    const sides = [message.from, message.to];
    return sides.some((host) => this.#doubts.get(host)?.some((atMs) => atMs >= sentAtMs) === true);
  }

  started(entry: Entry, start: Start): void {
    entry.starts.push(start);
    this.starts.push({ entry, start });
  }

  /** A process died: the receipts that it held are gone with it. */
  orphan(host: string, run: number): void {
    for (const entry of this.entries.values()) {
      if (
        entry.message.from === host &&
        entry.run === run &&
        entry.outcome === undefined &&
        !entry.isOrphaned
      ) {
        entry.isOrphaned = true;
        this.openCount -= 1;
      }
    }
  }

  /** Messages whose receipts somebody still waits for. */
  unsettled(): Entry[] {
    return [...this.entries.values()].filter(
      ({ outcome, isOrphaned }) => outcome === undefined && !isOrphaned,
    );
  }
}
