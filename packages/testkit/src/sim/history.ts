import type { Outcome } from '@wilco/protocol';
import { Copies } from './copies.ts';
import { VainMarks } from './vain-marks.ts';
import { SERVER, type PlannedMessage } from './plan.ts';

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
  /** As its receiver counts. */
  readonly attempt: number;
  /** Whether its handler gave writes that are to hold together with the message. */
  hasEffect: boolean;
  /** How it ended; `undefined` while it runs, or when its process died before. */
  ended: 'done' | 'replied' | 'rejected' | 'threw' | 'putOff' | undefined;
  endedAtMs: number;
  isAborted: boolean;
}

/** All that the simulator itself saw of one message. */
export interface Entry {
  readonly message: PlannedMessage;
  /** Its receipt, of the process that sent it or that found it again. */
  receipt: { readonly id: string | undefined };
  /** The process that sent it, or that found it again. */
  run: number;
  readonly sentAtMs: number;
  /** Since when its client dialled for the connection that it had: the peer may have died since. */
  readonly dialledAtMs: number;
  /** Its place among all messages that were sent, in the order of sending. */
  readonly order: number;
  isCancelled: boolean;
  isQueued: boolean;
  isReceived: boolean;
  /** When its sender was told so. */
  receivedAtMs: number;
  outcome: Outcome<Uint8Array | undefined> | undefined;
  settledAtMs: number;
  /** An event told of its end before anybody had asked for it: no one knew how to read its reply. */
  isReplyUnread: boolean;
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
  readonly #sessionSinceMs = new Map<string, number>();
  readonly #sessionEndedMs = new Map<string, number>();
  readonly #beganAtMs = new Map<string, number>();
  /** Clients whose newest session is at the other server, which they will not find again. */
  readonly #astray = new Set<string>();
  readonly #online = new Set<string>();
  readonly #dialledAtMs = new Map<string, number>();
  /** When something befell a host, or a session of it, that may justify an honest "nobody knows". */
  readonly #doubts = new Map<string, number[]>();
  /** Since when a client has had no connection, by its host; there while it has none. */
  readonly offlineSinceMs = new Map<string, number>();
  /** Which disks were copied, and set back. */
  readonly copies = new Copies();
  /** Which starts were marked, and never happened. */
  readonly marks = new VainMarks();
  /** By how much the wall clocks of hosts jumped, and when. */
  readonly #jumps: { readonly host: string; readonly atMs: number; readonly byMs: number }[] = [];
  /** Messages that were refused when they were offered. */
  refused = 0;
  /** Messages whose receipts somebody still waits for. */
  openCount = 0;

  sent(message: PlannedMessage, run: number, atMs: number, receipt: Entry['receipt']): Entry {
    const entry: Entry = {
      message,
      receipt,
      run,
      sentAtMs: atMs,
      dialledAtMs: this.#dialledAtMs.get(clientOf(message)) ?? atMs,
      order: this.entries.size,
      isCancelled: false,
      isQueued: false,
      isReceived: false,
      receivedAtMs: Infinity,
      outcome: undefined,
      settledAtMs: Infinity,
      isReplyUnread: false,
      isOrphaned: false,
      starts: [],
    };
    this.entries.set(message.index, entry);
    this.openCount += 1;
    return entry;
  }

  /** A process of a host begins. */
  began(host: string, atMs: number): void {
    this.#beganAtMs.set(host, atMs);
  }

  /** When the process of a host began that it has now. */
  beganAtMs(host: string): number {
    return this.#beganAtMs.get(host) ?? 0;
  }

  /** Something befell a host, or the session that it has with the server. */
  doubt(host: string, atMs: number): void {
    const times = this.#doubts.get(host) ?? [];
    times.push(atMs);
    this.#doubts.set(host, times);
  }

  /** Whether anything befell one of its two sides, or their session, since the two met and it was sent. */
  isDoubtful({ message, sentAtMs, dialledAtMs }: Entry): boolean {
    if (this.#astray.has(clientOf(message))) return true;
    const sinceMs = Math.min(sentAtMs, dialledAtMs);
    const sides = [message.from, message.to];
    return sides.some((host) => this.#doubts.get(host)?.some((atMs) => atMs >= sinceMs) === true);
  }

  /** When the session of a client began that it has now. */
  sessionSinceMs(host: string): number {
    return this.#sessionSinceMs.get(host) ?? 0;
  }

  /** A server has opened a session for a client. */
  opened(client: string, isAstray: boolean): void {
    if (isAstray) this.#astray.add(client);
    else this.#astray.delete(client);
  }

  /** Whether the session that a client has now had a name at a time. */
  hadSession(host: string, atMs: number): boolean {
    return (this.#sessionSinceMs.get(host) ?? Infinity) <= atMs;
  }

  /** The server has ended the session of a client, which need not know it yet. */
  sessionEnded(host: string, atMs: number): void {
    this.#sessionEndedMs.set(host, atMs);
  }

  /** Since when the receiver of a message may be in the session that its sender knows. */
  heldSinceMs({ message }: Entry): number {
    const client = clientOf(message);
    const endedMs = message.to === SERVER ? this.#sessionEndedMs.get(client) : undefined;
    return Math.max(this.sessionSinceMs(client), endedMs ?? 0);
  }

  /** Whether a client is online. */
  isOnline(host: string): boolean {
    return this.#online.has(host);
  }

  /** A client got a connection. */
  connected(host: string, atMs: number, isResumed: boolean): void {
    this.offlineSinceMs.delete(host);
    if (!isResumed) this.#sessionSinceMs.set(host, atMs);
    this.#online.add(host);
  }

  /** A client dials, from now on. */
  dials(host: string, atMs: number): void {
    this.#online.delete(host);
    this.#dialledAtMs.set(host, atMs);
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

  /**
   * A new process of a host found a message of an earlier one in its store: somebody waits for it
   * again. Of two with the same id the older one was lost before it was told as queued.
   */
  adopt(host: string, run: number, receipt: Entry['receipt']): Entry | undefined {
    const entry = this.#newest(host, receipt.id);
    if (entry?.isOrphaned !== true) return undefined;
    entry.isOrphaned = false;
    entry.run = run;
    entry.receipt = receipt;
    this.openCount += 1;
    return entry;
  }

  /** A message of an earlier process of a host that this one found, by its id. */
  found(host: string, run: number, id: string): Entry | undefined {
    const entry = this.#newest(host, id);
    return entry?.run === run ? entry : undefined;
  }

  /** The wall clock of a host jumped. */
  jumped(host: string, atMs: number, byMs: number): void {
    this.#jumps.push({ host, atMs, byMs });
  }

  /** How old a message was when it ended, by the clock of one of its sides that says most: what lay on a disk is as old as wall clocks say. */
  ageMs({ message, sentAtMs, settledAtMs }: Entry): number {
    const jumpsMs = [message.from, message.to].map((host) => {
      const jumps = this.#jumps.filter(
        (jump) => jump.host === host && sentAtMs <= jump.atMs && jump.atMs <= settledAtMs,
      );
      return jumps.reduce((sumMs, { byMs }) => sumMs + Math.max(0, byMs), 0);
    });
    return settledAtMs - sentAtMs + jumpsMs.reduce((sumMs, ms) => sumMs + ms, 0);
  }

  /** Messages whose receipts somebody still waits for. */
  unsettled(): Entry[] {
    return [...this.entries.values()].filter(
      ({ outcome, isOrphaned }) => outcome === undefined && !isOrphaned,
    );
  }

  #newest(host: string, id: string | undefined): Entry | undefined {
    return [...this.entries.values()]
      .reverse()
      .find((one) => one.message.from === host && one.receipt.id === id);
  }
}

/** The client that sends it, or that it is for. */
export function clientOf({ from, to }: PlannedMessage): string {
  return from === SERVER ? to : from;
}
