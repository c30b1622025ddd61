import { describe, expect, test } from 'vitest';
import { milliseconds, progressText, Rate, type ProgressFacts } from '../src/send-progress.ts';

const FACTS: ProgressFacts = {
  counts: {
    lines: 5_000,
    handled: 4_711,
    settled: 4_714,
    unsendable: 3,
    byOutcome: { handled: 4_711, rejected: 3, expired: 0, cancelled: 0, 'in-doubt': 0, left: 0 },
    settledBytes: 470,
  },
  fraction: 0.47,
  perSecond: 1_234.5,
  inFlight: 1_024,
  roundTripMs: 1.234,
  connection: 'online',
};

describe('the line of progress', () => {
  test('says what is done, what is not, how fast, what is under way and how the network is', () => {
    expect(progressText(FACTS)).toBe(
      ' 47% █████████░░░░░░░░░░░  4,711 handled  3 not  1,235/s  1,024 in flight  rtt 1.23 ms  online',
    );
  });

  test('has no bar where nobody knows the size of the input, and no rate of failures where there are none', () => {
    const counts = { ...FACTS.counts, settled: 4_711 };
    const text = progressText({ ...FACTS, counts, fraction: undefined, roundTripMs: undefined });
    expect(text).toBe('4,711 handled  1,235/s  1,024 in flight  rtt –  online');
  });
});

test('a rate is that of the last moments', () => {
  const rate = new Rate(1_000);
  expect(rate.next(0, 0)).toBe(0);
  expect(rate.next(100, 500)).toBe(200);
  expect(rate.next(200, 1_000)).toBe(200);
  for (let ms = 1_100; ms <= 3_000; ms += 100) rate.next(200, ms);
  expect(rate.next(200, 3_100)).toBe(0);
});

test.each([
  [0.4191, '0.42 ms'],
  [17, '17 ms'],
  [3_210, '3.2 s'],
  [245_000, '4 min 5 s'],
])('%d milliseconds are %s', (value, text) => {
  expect(milliseconds(value)).toBe(text);
});
