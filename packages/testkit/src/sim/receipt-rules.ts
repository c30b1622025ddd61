import type { Outcome } from '@wilco/protocol';
import { clientOf, type Entry, type History } from './history.ts';
import { isSame, replyTo } from './parcel.ts';
import { SERVER, type Plan } from './plan.ts';

/** Clocks count whole milliseconds on the wire, and each hop may cut one off. */
const SLACK_MS = 4;

/** What a rule may look at. */
export interface RuleSubject {
  readonly plan: Plan;
  readonly history: History;
  readonly entry: Entry;
}

type Rule<Status extends Outcome['status']> = (
  outcome: Extract<Outcome<Uint8Array | undefined>, { readonly status: Status }>,
  subject: RuleSubject,
) => string | undefined;

/** Which receipts are true: for each kind of ending, what must have happened. Returns what is wrong. */
const RULES: { readonly [Status in Outcome['status']]: Rule<Status> } = {
  /** A handler of the peer finished that message, and the reply is the one that it gave. */
  handled: ({ reply, replyLost }, { entry }) => {
    const endings = entry.starts.map(({ ended }) => ended);
    if (!endings.includes('done') && !endings.includes('replied')) {
      return `no handler finished it (${endings.join(', ') || 'none started'})`;
    }
    if (entry.isReplyUnread) return undefined;
    if (entry.message.conduct.kind === 'mute')
      return replyLost ? undefined : 'its lost reply is not told';
    if (replyLost) return 'its reply is said to be lost';
    const wanted = endings.includes('replied') ? replyTo(entry.message) : undefined;
    if (wanted === undefined)
      return reply === undefined ? undefined : 'a reply came that nobody gave';
    return reply !== undefined && isSame(reply, wanted) ? undefined : 'the reply is not its own';
  },

  /** A handler threw or ran out of time; or none ran, for the reason that the code gives. */
  rejected: ({ code, hasRun }, subject) => {
    const { entry } = subject;
    const { kind } = entry.message.conduct;
    if (hasRun) return whyRejected(code, subject);
    const taken = takenBy(entry, subject.history);
    if (taken !== undefined) return `it says that none ran (${code}), but ${taken}`;
    // Its sender's earlier life, or a clone, had given its place to another message.
    const { copies } = subject.history;
    if (code === 'WILCO_ID_REUSED' && copies.mayBeUsedElsewhere(entry.message.from, Infinity))
      return undefined;
    if (code === 'WILCO_TYPE_UNKNOWN') return kind === 'unknown' ? undefined : 'its type is known';
    if (code === 'WILCO_PAYLOAD_INVALID')
      return kind === 'invalid' ? undefined : 'its payload is valid';
    return code === 'WILCO_CLOSED' ? undefined : `the code ${code} is nobody's`;
  },

  /** Its time was over, and no handler ever took it, in any session. */
  expired: ({ code }, { plan, history, entry }) => {
    const taken = takenBy(entry, history);
    if (taken !== undefined) return taken;
    const limitMs =
      code === 'WILCO_RETENTION_OVER' ? retentionOf(plan, entry) : entry.message.ttlMs;
    if (limitMs === undefined) return 'it has no time to live';
    const ageMs = history.ageMs(entry);
    return ageMs + SLACK_MS >= limitMs
      ? undefined
      : `it is ${ageMs} ms old and may become ${limitMs}`;
  },

  /** It was withdrawn, or its session ended before it was written; no handler ever took it. */
  cancelled: ({ code }, { plan, history, entry }) => {
    const taken = takenBy(entry, history);
    if (taken !== undefined) return taken;
    if (code === 'WILCO_CANCELLED') return entry.isCancelled ? undefined : 'nobody withdrew it';
    if (code === 'WILCO_RETENTION_OVER') {
      return history.ageMs(entry) + SLACK_MS >= retentionOf(plan, entry)
        ? undefined
        : 'it is not that old';
    }
    return history.isDoubtful(entry)
      ? undefined
      : `nothing had happened that could end it with ${code}`;
  },

  /** Its sender was closed and its store keeps it: no ending, and never told as one here. */
  left: () => 'what is left in a store has not ended',

  /** Something had happened after which nobody can know, or its time was over. */
  inDoubt: ({ code }, { plan, history, entry }) => {
    if (history.isDoubtful(entry) || isResumeWindowOver(plan, history, entry)) return undefined;
    const { copies } = history;
    if (copies.mayBeUsedElsewhere(entry.message.from, entry.settledAtMs)) return undefined;
    const ageMs = history.ageMs(entry);
    const limitMs = Math.min(entry.message.ttlMs ?? Infinity, retentionOf(plan, entry));
    return ageMs >= limitMs
      ? undefined
      : `nothing had happened that could make it doubtful (${code})`;
  },
};

/** What is untrue about the receipt of a message; `undefined` when it is true. */
export function untruthOf(subject: RuleSubject): string | undefined {
  const { outcome } = subject.entry;
  if (outcome === undefined) return undefined;
  const rule = RULES[outcome.status] as Rule<typeof outcome.status>;
  return rule(outcome, subject);
}

/** Which handler took it, of those of which somebody could know. */
function takenBy(entry: Entry, { copies }: History): string | undefined {
  // Of a copy without a name its sender and its peer know nothing.
  if (copies.isOfNamelessCopy(entry)) return undefined;
  const first = entry.starts.find(
    (start) =>
      !copies.isOfClone(entry, start) && !copies.isForgotten(start) && !copies.isElsewhere(start),
  );
  return first === undefined ? undefined : `a handler took it at ${first.atMs.toFixed(0)} ms`;
}

/** What is said of a handler whose session was over before it had finished, or could start again. */
const SESSION_OVER = 'did not finish before its session was over';

/** A handler ran too long; or a kill may have interrupted it, and its session was over before it could start again. */
function overrunOf({ plan, history, entry }: RuleSubject): string | undefined {
  const { starts, message, sentAtMs, settledAtMs, outcome } = entry;
  const { handlerTimeoutMs = 0, handlerGraceMs = 0 } = plan.options[message.to] ?? {};
  const isOverrun = starts.some(
    ({ atMs }) => settledAtMs - atMs + SLACK_MS >= handlerTimeoutMs + handlerGraceMs,
  );
  if (isOverrun) return undefined;
  const isOfSession = outcome?.status === 'rejected' && outcome.reason.endsWith(SESSION_OVER);
  const isBroken = starts.some(({ ended }) => ended === undefined);
  return isOfSession && (isBroken || history.beganAtMs(message.to) > sentAtMs)
    ? undefined
    : 'no handler ran for that long';
}

/** A handler had started, and this is what is said of how it ended. */
function whyRejected(code: string, subject: RuleSubject): string | undefined {
  const { entry } = subject;
  const endings = entry.starts.map(({ ended }) => ended);
  if (code === 'SIM_REFUSED')
    return endings.includes('rejected') ? undefined : 'no handler refused it';
  if (code === 'WILCO_HANDLER_FAILED')
    return endings.includes('threw') ? undefined : 'no handler threw';
  if (code === 'WILCO_HANDLER_TIMEOUT') return overrunOf(subject);
  if (code === 'WILCO_ATTEMPTS_OVER') return attemptsOf(subject);
  if (endings.includes('putOff')) return whyNotAgain(code, subject);
  return `the code ${code} is nobody's`;
}

/**
 * Of the first crash nobody knows whether a handler had started: it may count for one more. So does
 * each mark whose start never was.
 */
function attemptsOf({ plan, history, entry }: RuleSubject): string | undefined {
  const { starts, message } = entry;
  const { maxAttempts = 10 } = plan.options[message.to] ?? {};
  const perhaps = starts.some(({ attempt }) => attempt === 1) ? 0 : 1;
  return starts.length + perhaps + history.marks.countOf(entry) >= maxAttempts
    ? undefined
    : `it had ${starts.length} attempts`;
}

/** A handler had put it off, and its time was over before another could start. */
function whyNotAgain(code: string, { plan, history, entry }: RuleSubject): string | undefined {
  const { message, isCancelled } = entry;
  const ageMs = history.ageMs(entry) + SLACK_MS;
  if (code === 'WILCO_CANCELLED') return isCancelled ? undefined : 'nobody withdrew it';
  if (code === 'WILCO_EXPIRED')
    return ageMs >= (message.ttlMs ?? Infinity) ? undefined : 'its time was not over';
  if (code !== 'WILCO_RETENTION_OVER') return `the code ${code} is nobody's`;
  const retentionMs = Math.min(retentionOf(plan, entry), keptBy(plan, message.to));
  return ageMs >= retentionMs ? undefined : 'it is not that old';
}

function keptBy(plan: Plan, host: string): number {
  return plan.options[host]?.['retentionMs'] ?? Infinity;
}

function retentionOf(plan: Plan, { message }: Entry): number {
  return plan.options[message.from]?.['retentionMs'] ?? Infinity;
}

/** The two sides had no connection for as long as a session waits for one. */
function isResumeWindowOver(
  plan: Plan,
  history: History,
  { message, settledAtMs }: Entry,
): boolean {
  const client = clientOf(message);
  const sinceMs = history.offlineSinceMs.get(client);
  if (sinceMs === undefined) return false;
  const windows = [client, SERVER].map((host) => plan.options[host]?.['resumeWindowMs'] ?? 0);
  return settledAtMs - sinceMs + SLACK_MS >= Math.min(...windows);
}
