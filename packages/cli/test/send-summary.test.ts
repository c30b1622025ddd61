import { expect, test } from 'vitest';
import { outcomeOf, reasonOf, receiptLine } from '../src/receipt-lines.ts';
import { sendSummary, type SendEnd } from '../src/send-summary.ts';

const GOOD: SendEnd = {
  counts: {
    lines: 10_000,
    handled: 10_000,
    settled: 10_000,
    unsendable: 0,
    byOutcome: { handled: 10_000, rejected: 0, expired: 0, cancelled: 0, 'in-doubt': 0, left: 0 },
    settledBytes: 1_000_000,
  },
  failures: [],
  tookMs: 2_000,
  resumes: 3,
  earlyReason: undefined,
  isInputRead: true,
};

test('a receipt is a line with all its fields, in their order', () => {
  const known = { line: 7, id: 'x', attempts: 2, ms: 1.5 };
  expect(receiptLine({ reason: undefined, outcome: 'handled', ...known })).toBe(
    '{"line":7,"id":"x","outcome":"handled","reason":null,"attempts":2,"ms":1.5}\n',
  );
});

test('an outcome has the words of the manual', () => {
  const rejected = { code: 'NO', reason: 'not today', hasRun: true, isRetryable: false } as const;
  expect(outcomeOf({ status: 'inDoubt', code: 'WILCO_IN_DOUBT' })).toBe('in-doubt');
  expect(reasonOf({ status: 'inDoubt', code: 'WILCO_IN_DOUBT' })).toBe('WILCO_IN_DOUBT');
  expect(reasonOf({ status: 'rejected', ...rejected })).toBe('NO: not today');
  expect(reasonOf({ status: 'handled', reply: undefined, replyLost: false })).toBeUndefined();
});

test('a run that went well is one sentence', () => {
  const { lines, isGood } = sendSummary(GOOD);
  expect(isGood).toBe(true);
  expect(lines).toEqual([
    '10,000 of 10,000 lines handled in 2.0 s, 5,000 lines/s, resumed 3 times',
  ]);
});

test('a run that did not says what became of the rest, and names the first few', () => {
  const byOutcome = {
    handled: 9_000,
    rejected: 1,
    expired: 0,
    cancelled: 600,
    'in-doubt': 399,
    left: 0,
  };
  const failure = { line: 41, id: 'x', outcome: 'in-doubt', reason: 'WILCO_IN_DOUBT' } as const;
  const { lines, fields, isGood } = sendSummary({
    ...GOOD,
    counts: { ...GOOD.counts, handled: 9_000, byOutcome },
    failures: [{ ...failure, attempts: 2, ms: 3 }],
    earlyReason: 'SIGTERM',
    isInputRead: false,
  });
  expect(isGood).toBe(false);
  expect(lines).toEqual([
    'ended early: SIGTERM',
    '9,000 of 10,000 lines handled in 2.0 s, 4,500 lines/s, resumed 3 times',
    'the rest of the input was not read',
    '1 rejected',
    '600 cancelled: certainly not handled',
    '399 in doubt: perhaps handled, nobody can know',
    'line 41: in-doubt: WILCO_IN_DOUBT',
    '… and 999 more',
  ]);
  expect(fields).toMatchObject({ handled: 9_000, 'in-doubt': 399, endedBy: 'SIGTERM' });
});
