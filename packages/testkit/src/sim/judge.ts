import type { Entry, History, Start } from './history.ts';
import type { Plan } from './plan.ts';
import { untruthOf } from './receipt-rules.ts';

/** What a run did wrong. */
export interface Violation {
  readonly atMs: number;
  /** Which of the promises was broken. */
  readonly invariant:
    | 'conservation'
    | 'no duplicate'
    | 'order'
    | 'honesty'
    | 'integrity'
    | 'durability'
    | 'progress'
    | 'bounded'
    | 'peace'
    | 'no crash';
  readonly what: string;
}

/** With these a side says that the other broke the protocol. */
const PROTOCOL_ERRORS: ReadonlySet<string> = new Set([
  'WILCO_ACK_OUT_OF_RANGE',
  'WILCO_CHANNEL_UNKNOWN',
  'WILCO_FRAME_CORRUPT',
  'WILCO_FRAME_LOST',
  'WILCO_FRAME_MALFORMED',
  'WILCO_FRAME_TOO_LARGE',
  'WILCO_FRAME_UNEXPECTED',
  'WILCO_POISONED',
  'WILCO_WINDOW_EXCEEDED',
]);

/**
 * Compares what happens with what was promised, from the simulator's own history. Each
 * check is made when the thing happens; what can only be known at the end is asked there.
 */
export class Judge {
  readonly violations: Violation[] = [];
  readonly #plan: Plan;
  readonly #history: History;
  /** The last message started, and those running, by session, direction and channel. */
  readonly #flows = new Map<string, { lastOrder: number; readonly running: Set<Start> }>();

  constructor(plan: Plan, history: History) {
    this.#plan = plan;
    this.#history = history;
  }

  blame(atMs: number, invariant: Violation['invariant'], what: string): void {
    this.violations.push({ atMs, invariant, what });
  }

  /** A handler starts on a message; it is not in the history yet. */
  starts(entry: Entry, start: Start, host: string): void {
    const { message } = entry;
    const blame = (invariant: Violation['invariant'], what: string): void =>
      this.blame(start.atMs, invariant, `message ${message.index}: ${what}`);
    if (!host.startsWith(message.to) && message.to !== 'server') {
      blame('integrity', `meant for ${message.to}, handled by ${host}`);
    }
    const { outcome } = entry;
    const { copies } = this.#history;
    const isExcused = copies.mayStartAfterItsEnd(entry, start);
    if (saysThatNoneRan(outcome) && !isExcused)
      blame('conservation', `handled after it was ${outcome.status}`);
    const twice = duplicateOf(entry, start);
    if (twice !== undefined && !copies.mayStartAgain(entry, start)) blame('no duplicate', twice);
    const miscounted = this.#miscountOf(entry, start);
    if (miscounted !== undefined) blame('honesty', miscounted);
    this.#checkFlow(entry, start, blame);
  }

  /** A handler ended. */
  ends(entry: Entry, start: Start): void {
    this.#flows.get(flowOf(entry, start))?.running.delete(start);
  }

  /** A message got its receipt. */
  settles(entry: Entry): void {
    const untruth = untruthOf({ plan: this.#plan, history: this.#history, entry });
    if (untruth === undefined) return;
    const { message, settledAtMs, outcome } = entry;
    this.blame(
      settledAtMs,
      outcome?.status === 'expired' || outcome?.status === 'cancelled' ? 'conservation' : 'honesty',
      `message ${message.index} is said to be ${JSON.stringify(outcome)}, but ${untruth}`,
    );
  }

  /**
   * A connection ended. Where no frame was damaged or eaten on the way, an honest peer is
   * never taken for one that breaks the protocol.
   *
   * @param damaged - How many frames were damaged or eaten until now.
   */
  ended(atMs: number, host: string, code: string, damaged: number): void {
    if (damaged > 0 || !PROTOCOL_ERRORS.has(code)) return;
    this.blame(atMs, 'peace', `${host} ended a connection with ${code}`);
  }

  /** Everything had its time: whatever is unsettled now never will be. */
  rests(atMs: number): void {
    for (const { message, sentAtMs, isReceived, starts } of this.#history.unsettled()) {
      const state = `${isReceived ? 'received' : 'not received'}, ${starts.length} starts`;
      this.blame(
        atMs,
        'progress',
        `message ${message.index}, sent by ${message.from} at ${sentAtMs.toFixed(0)} ms, is unsettled (${state})`,
      );
    }
  }

  /**
   * Counts are exact, but for one: of the first crash nobody knows whether a handler had started.
   * A mark that was committed, and whose process died before the start, counts as one. A disk that was set back, or has a copy, knows of fewer.
   */
  #miscountOf(entry: Entry, start: Start): string | undefined {
    const { copies, marks } = this.#history;
    const isOfThisCopy = (one: Start): boolean =>
      one.session === start.session && one.host === start.host;
    const before = entry.starts.filter(isOfThisCopy);
    const known = before.filter((one) => !copies.isForgotten(one)).length;
    const { attempt, isRedelivered } = start;
    if (attempt <= known) return `attempt ${attempt} after ${known}`;
    // Once it is known that its first start was one, nothing is uncertain any more.
    const perhaps = before.some((one) => one.attempt === 1) ? 0 : 1;
    const most = before.length + 1 + perhaps + marks.countOf(entry, start);
    if (attempt > most && !copies.isElsewhere(start))
      return `attempt ${attempt} after ${before.length} only`;
    return attempt > 1 && !isRedelivered ? `attempt ${attempt}, but not marked` : undefined;
  }

  #checkFlow(
    entry: Entry,
    start: Start,
    blame: (invariant: Violation['invariant'], what: string) => void,
  ): void {
    const key = flowOf(entry, start);
    const flow = this.#flows.get(key) ?? { lastOrder: -1, running: new Set() };
    this.#flows.set(key, flow);
    // One that is sent again waits for an older copy of it, and lets others go first.
    const hasPlace = !start.isRedelivered && !start.isResent && start.attempt === 1;
    if (entry.order <= flow.lastOrder && hasPlace) blame('order', 'handled after a later one');
    const running = [...flow.running].filter(({ isAborted }) => !isAborted).length;
    const { concurrency, channelConcurrency } = this.#plan;
    if (running >= Math.min(concurrency, channelConcurrency))
      blame('order', `started while ${running} were running`);
    flow.lastOrder = entry.order;
    flow.running.add(start);
  }
}

/** Whether a sender was told that no handler took its message, and none will. */
function saysThatNoneRan(outcome: Entry['outcome']): outcome is NonNullable<Entry['outcome']> {
  if (outcome?.status === 'rejected') return !outcome.hasRun;
  return outcome?.status === 'expired' || outcome?.status === 'cancelled';
}

/** One ordered flow, in one session, as one process receives it. */
function flowOf({ message }: Entry, { host, run, session, isResent }: Start): string {
  // A client learns of a new session while it still handles what came in the old one.
  const age = message.to === 'server' || !isResent ? '' : 'resent';
  return [session, message.from, message.channel, host, run, age].join('/');
}

function duplicateOf({ starts }: Entry, start: Start): string | undefined {
  if (starts.length === 0) return undefined;
  // Of two copies in two sessions one is marked; the other may be the later one to arrive.
  const isMarked =
    start.isResent || starts.some(({ isResent, session }) => isResent && session !== start.session);
  const isOfThisProcess = ({ host, run }: Start): boolean =>
    host === start.host && run === start.run;
  // A handler that said "not now" asked for another start.
  const isSameProcess = starts.some((one) => isOfThisProcess(one) && one.ended !== 'putOff');
  if (isSameProcess) return isMarked ? undefined : 'handled twice by the same process';
  if (isMarked || start.isRedelivered || start.attempt > 1) return undefined;
  return `handled by ${start.host} after another had, and not marked`;
}
