import type { LineReceipt } from './receipt-lines.ts';
import { count, milliseconds, times } from './send-progress.ts';
import type { SendCounts } from './send-run.ts';

/** What there is to say at the end of `wilco send`. */
export interface SendEnd {
  readonly counts: SendCounts;
  /** The first few lines that were not handled. */
  readonly failures: readonly LineReceipt[];
  readonly tookMs: number;
  readonly resumes: number;
  /** Why it ended before its time; `undefined` where it did not. */
  readonly earlyReason: string | undefined;
  /** Whether the input was read to its end. */
  readonly isInputRead: boolean;
}

/** The end of a run, for people and for scripts. */
export interface SendSummary {
  readonly lines: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
  readonly isGood: boolean;
}

/** Says how many lines were handled, what became of the others, and names the first few. */
export function sendSummary(end: SendEnd): SendSummary {
  const { counts, failures, tookMs, resumes, earlyReason, isInputRead } = end;
  const { lines, handled, unsendable, byOutcome } = counts;
  const isGood = handled === lines && earlyReason === undefined;
  return {
    isGood,
    lines: [...wholeSentences(end), ...failureLines(counts, failures)],
    fields: {
      lines,
      ...byOutcome,
      unsendable,
      isInputRead,
      endedBy: earlyReason,
      resumes,
      ms: Math.round(tookMs),
      failures,
    },
  };
}

function wholeSentences({ counts, tookMs, resumes, earlyReason, isInputRead }: SendEnd): string[] {
  const { lines, handled } = counts;
  const speed = tookMs > 0 ? `, ${count(Math.round((handled / tookMs) * 1_000))} lines/s` : '';
  const resumed = resumes === 0 ? '' : `, resumed ${times(resumes)}`;
  return [
    ...(earlyReason === undefined ? [] : [`ended early: ${earlyReason}`]),
    `${count(handled)} of ${count(lines)} lines handled in ${milliseconds(tookMs)}${speed}${resumed}`,
    ...(isInputRead ? [] : ['the rest of the input was not read']),
  ];
}

/** What became of the lines that were not handled. */
const FATES = [
  ['rejected', 'rejected'],
  ['expired', 'expired before a handler took them'],
  ['cancelled', 'cancelled: certainly not handled'],
  ['in-doubt', 'in doubt: perhaps handled, nobody can know'],
  ['left', 'left in the store, for the next run'],
] as const;

function failureLines(
  { byOutcome, lines, handled }: SendCounts,
  failures: readonly LineReceipt[],
): string[] {
  const fates = FATES.filter(([outcome]) => byOutcome[outcome] > 0).map(
    ([outcome, words]) => `${count(byOutcome[outcome])} ${words}`,
  );
  const more = lines - handled - failures.length;
  return [
    ...fates,
    ...failures.map(({ line, outcome, reason }) => `line ${line}: ${outcome}: ${reason ?? ''}`),
    ...(more > 0 ? [`… and ${count(more)} more`] : []),
  ];
}
