import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WindowBudget } from '../src/index.ts';
import { checkEnd } from './history.ts';
import { HANDLED, Pair } from './pair.ts';

/** Pairs whose servers are one process: it has room for the first windows of two. */
function neighbours(count: number, budget = new WindowBudget(1_048_576)): Pair[] {
  return Array.from({ length: count }, () => {
    const pair = new Pair({}, { server: { budget } });
    pair.connect();
    pair.advance(10);
    return pair;
  });
}

/** Enough for a window to grow. */
function fill(pair: Pair): void {
  for (let i = 0; i < 600; i++) pair.send(pair.client, { bytes: new Uint8Array(2_000) });
}

test('an idle window is lowered by an ACK with a question behind it, and comes back with the answer', () => {
  const budget = new WindowBudget(1_048_576);
  const [idle, busy] = neighbours(2, budget) as [Pair, Pair];
  const before = budget.reservedBytes;
  for (const pair of [idle, busy]) pair.advance(5_000);
  idle.takeTrace();
  fill(busy);
  busy.advance(100);
  idle.settle();
  expect(idle.takeTrace()).toEqual([
    expect.stringMatching(/^server → ack/),
    expect.stringMatching(/^server → probe/),
  ]);
  expect(idle.server.session.stats(idle.nowMs).windowGranted).toEqual({
    messages: 4,
    bytes: 2_048,
  });
  // Until the peer has said that it knows, it may fill what it had.
  expect(budget.reservedBytes).toBe(before);
  idle.advance(100);
  expect(budget.reservedBytes).toBeLessThan(0.6 * before);
  fill(busy);
  busy.advance(5_000);
  expect(busy.server.session.stats(busy.nowMs).windowGranted.bytes).toBeGreaterThan(200_000);
  fill(idle);
  idle.advance(60_000);
  for (const pair of [idle, busy]) checkEnd(pair);
  expect([...idle.server.dropped, ...busy.server.dropped]).toEqual([]);
});

test('who filled a window while it was being lowered did nothing wrong, and waits then', () => {
  const [idle, busy] = neighbours(2) as [Pair, Pair];
  idle.server.respond = undefined;
  idle.latencyMs = 200;
  for (const pair of [idle, busy]) pair.advance(5_000);
  fill(busy);
  busy.advance(100);
  // The word is on its way, and so is what was sent by the old one.
  idle.settle();
  for (let i = 0; i < 70; i++) idle.send(idle.client);
  idle.advance(3_000);
  const inFlight = idle.client.session.stats(idle.nowMs).inFlight;
  expect(inFlight).toBe(64);
  for (let i = 0; i < 60; i++) {
    const delivery = idle.server.deliveries[i];
    if (delivery !== undefined) idle.server.session.handlerFinished(delivery, HANDLED, idle.nowMs);
    idle.advance(1_000);
  }
  expect(idle.client.session.stats(idle.nowMs).inFlight).toBeLessThanOrEqual(10);
  idle.server.respond = () => HANDLED;
  for (const delivery of idle.server.deliveries) {
    idle.server.session.handlerFinished(delivery, HANDLED, idle.nowMs);
  }
  idle.advance(60_000);
  expect(idle.server.dropped).toEqual([]);
  expect(idle.client.session.unsettledCount).toBe(0);
});

test('sessions that take turns in one small budget break no window, and all of them end', () => {
  const step = fc.record({
    which: fc.nat(3),
    count: fc.nat(100),
    bytes: fc.constantFrom(0, 100, 3_000, 20_000),
    channel: fc.constantFrom('default', 'two'),
    ms: fc.constantFrom(0, 1, 50, 1_500),
    isCut: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 16 }), fc.nat(150), (steps, latency) => {
      const budget = new WindowBudget(400_000);
      const pairs = neighbours(4, budget);
      for (const pair of pairs) {
        pair.latencyMs = 1 + latency;
        pair.reconnectMs = 5;
      }
      for (const { which, count, bytes, channel, ms, isCut } of steps) {
        const pair = pairs[which] as Pair;
        for (let i = 0; i < count; i++) {
          pair.send(pair.client, { bytes: new Uint8Array(bytes), channel });
        }
        for (const one of pairs) one.advance(ms);
        if (isCut && ms === 50 && pair.isConnected) pair.cut();
        expect(budget.reservedBytes).toBeLessThanOrEqual(budget.capacityBytes);
      }
      for (let i = 0; i < 30; i++) for (const one of pairs) one.advance(3_000);
      for (const pair of pairs) {
        checkEnd(pair);
        expect([...pair.server.dropped, ...pair.client.dropped]).toEqual([]);
      }
    }),
    { numRuns: 5 },
  );
});
