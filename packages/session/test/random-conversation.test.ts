import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WilcoError } from '@wilco/protocol';
import { WindowBudget } from '../src/index.ts';
import { checkEnd, checkHistory } from './history.ts';
import { HANDLED, Pair, rejected, reply, type Side } from './pair.ts';

const side = fc.constantFrom('client' as const, 'server' as const);
const size = fc.oneof(
  { weight: 5, arbitrary: fc.nat(50) },
  { weight: 2, arbitrary: fc.integer({ min: 51, max: 3_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 200_000 }) },
);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      side,
      size,
      channel: fc.constantFrom('default', 'two', 'three'),
      type: fc.constantFrom('1', '2', '5'),
      ttlMs: fc.option(fc.integer({ min: 0, max: 3_000 }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), side, which: fc.nat(30) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('finish' as const),
      side,
      which: fc.nat(10),
      result: fc.constantFrom(HANDLED, reply(1, 2), rejected('NO')),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.oneof(fc.constant(1), fc.nat(40), fc.nat(5_000)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('bounce' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('connect' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('eat' as const),
      frames: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

const options = fc.record({
  windowMessages: fc.constantFrom(1, 2, 64),
  windowBytes: fc.constantFrom(1, 100, 65_536),
  outboxMessages: fc.constantFrom(1, 3, 10_000),
  ackDelayMs: fc.constantFrom(0, 20),
  waitMs: fc.constantFrom(1_000, 25_000),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Does one step; what the engine refuses in plain words is no step. */
function take(pair: Pair, running: Map<Side, Set<number>>, one: Step): void {
  switch (one.kind) {
    case 'send': {
      const bytes = Uint8Array.from({ length: one.size }, (_, i) => (i * 7 + one.size) % 256);
      try {
        pair.send(pair[one.side], { ...one, bytes });
      } catch (error) {
        if (!(error instanceof WilcoError)) throw error;
        expect(error.code).toBe('WILCO_OUTBOX_FULL');
      }
      return;
    }
    case 'cancel': {
      const sent = pair[one.side].sent[one.which];
      if (sent !== undefined) pair[one.side].session.cancel(sent.message);
      return;
    }
    case 'finish': {
      const { deliveries, session } = pair[one.side];
      const finished = running.get(pair[one.side]);
      const index = [...deliveries.keys()].filter((i) => finished?.has(i) !== true)[one.which];
      const delivery = index === undefined ? undefined : deliveries[index];
      if (index === undefined || delivery === undefined) return;
      finished?.add(index);
      session.handlerFinished(delivery, one.result, pair.nowMs);
      return;
    }
    case 'advance':
      pair.advance(one.ms);
      return;
    case 'cut':
      if (pair.isConnected) pair.cut();
      return;
    case 'bounce':
      if (pair.isConnected) pair.cut();
      pair.connect();
      return;
    case 'connect':
      if (!pair.isConnected) pair.connect();
      return;
    case 'eat': {
      let left = one.frames;
      pair.fate = () => (left-- > 0 ? 'lose' : 'pass');
    }
  }
}

/** Faults have stopped: every handler ends, and so must every message. */
function settle(pair: Pair): void {
  pair.fate = () => 'pass';
  pair.reconnectMs = 10;
  for (const one of [pair.client, pair.server]) {
    one.respond = () => HANDLED;
    for (const delivery of one.deliveries) {
      one.session.handlerFinished(delivery, HANDLED, pair.nowMs);
    }
  }
  if (!pair.isConnected) pair.connect();
  pair.advance(200_000);
}

describe('a conversation of random steps', () => {
  test.each([true, false])('keeps every promise at every step (reliable: %s)', (isReliable) => {
    const given = fc.tuple(options, options, fc.array(step, { maxLength: 60 }));
    fc.assert(
      fc.property(given, ([client, server, steps]) => {
        const budget = new WindowBudget(2_000_000);
        const concurrencyOf = (type: string): number => Number(type);
        const common = { budget, concurrencyOf };
        const pair = new Pair({ client, server }, { client: common, server: common });
        pair.isReliable = isReliable;
        for (const one of [pair.client, pair.server]) one.respond = undefined;
        const running = new Map([
          [pair.client, new Set<number>()],
          [pair.server, new Set<number>()],
        ]);
        pair.connect();
        for (const one of steps) {
          take(pair, running, one);
          pair.settle();
          checkHistory(pair);
          expect(budget.reservedBytes).toBeLessThanOrEqual(budget.capacityBytes);
          expect(pair.client.session.unsettledCount).toBeLessThanOrEqual(client.outboxMessages);
        }
        settle(pair);
        checkEnd(pair);
      }),
      { numRuns: 120 },
    );
  });
});
