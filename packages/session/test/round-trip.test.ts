import { describe, expect, test } from 'vitest';
import { backedOffMs, RoundTrip } from '../src/round-trip.ts';

describe('the round-trip time', () => {
  test('is unknown at first, and the timeout is one second', () => {
    const trip = new RoundTrip();
    expect(trip.smoothedMs).toBeUndefined();
    expect(trip.timeoutMs(20)).toBe(1_000);
  });

  test('follows the numbers of RFC 6298', () => {
    const trip = new RoundTrip();
    trip.sample(100, 0);
    expect(trip.smoothedMs).toBe(100);
    expect(trip.timeoutMs(0)).toBe(300); // SRTT 100, RTTVAR 50
    trip.sample(200, 0);
    // RTTVAR = 3/4 · 50 + 1/4 · |100 − 200|, SRTT = 7/8 · 100 + 1/8 · 200
    expect(trip.smoothedMs).toBe(112.5);
    expect(trip.timeoutMs(0)).toBe(112.5 + 4 * 62.5);
    trip.sample(112.5, 0);
    expect(trip.smoothedMs).toBe(112.5);
    expect(trip.timeoutMs(20)).toBe(112.5 + 4 * 46.875 + 20);
  });

  test('leaves out what the peer held the acknowledgement back, never going below the shortest', () => {
    const trip = new RoundTrip();
    trip.sample(50, 0);
    trip.sample(90, 40);
    expect(trip.smoothedMs).toBe(50);
    trip.sample(60, 1_000);
    expect(trip.smoothedMs).toBe(50);
  });

  test('keeps the timeout within 0.2 and 30 seconds', () => {
    const fast = new RoundTrip();
    for (let i = 0; i < 100; i++) fast.sample(1, 0);
    expect(fast.timeoutMs(20)).toBe(200);
    const slow = new RoundTrip();
    slow.sample(60_000, 0);
    expect(slow.timeoutMs(20)).toBe(30_000);
  });

  test('doubles the timeout with each try, up to 30 seconds', () => {
    const tries = [0, 1, 2, 3, 4, 5, 100].map((attempt) => backedOffMs(1_000, attempt));
    expect(tries).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test('begins anew on another connection', () => {
    const trip = new RoundTrip();
    trip.sample(5_000, 0);
    trip.reset();
    expect(trip.smoothedMs).toBeUndefined();
    expect(trip.timeoutMs(0)).toBe(1_000);
  });
});
