import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HANDLED, Pair, reply, type Side } from './pair.ts';

const side = fc.constantFrom('client' as const, 'server' as const);

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      side,
      size: fc.constantFrom(1, 10, 100_000),
      count: fc.constantFrom(1, 1, 20),
      channel: fc.constantFrom('default', 'two'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), side, which: fc.nat(30) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(12) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('bounce' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), side, kept: fc.nat(3) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('disk' as const),
      side,
      commitMs: fc.constantFrom(0, 1, 7),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** What an application learned of a message, over all runs of its process. */
interface Told {
  readonly side: Side;
  readonly channel: string;
  readonly seq: number;
  readonly size: number;
}

function take(pair: Pair, one: Step, crashes: Map<Side, number>): void {
  switch (one.kind) {
    case 'send':
      for (let i = 0; i < one.count; i++) {
        pair.send(pair[one.side], { channel: one.channel, bytes: new Uint8Array(one.size) });
      }
      return;
    case 'cancel': {
      const { sent, session, runId } = pair[one.side];
      const found = sent[one.which];
      // A process that came back has other objects for its messages.
      if (found !== undefined && !runId.endsWith("'")) session.cancel(found.message);
      return;
    }
    case 'advance':
      pair.advance(one.ms);
      return;
    case 'bounce':
      if (pair.isConnected) pair.cut();
      pair.connect();
      return;
    case 'disk':
      pair[one.side].commitMs = one.commitMs;
      return;
    case 'crash': {
      const crashed = pair[one.side];
      for (let i = 0; i < one.kept; i++) crashed.completeCommit(false);
      if (pair.isConnected) pair.cut();
      crashed.restart();
      crashes.set(crashed, (crashes.get(crashed) ?? 0) + 1);
    }
  }
}

/** What was said to be queued is on a disk, so it must come through. */
function queuedOf(pair: Pair): Told[] {
  return [pair.client, pair.server].flatMap((one) =>
    one.sent.flatMap(({ message, bytes }) => {
      const isQueued = one.queuedMessages.has(message);
      const size = Number(bytes.split(':')[0]);
      return isQueued ? [{ side: one, channel: message.channelName, seq: message.seq, size }] : [];
    }),
  );
}

/** Handled is said of nothing that no handler saw, also by a process that came back. */
function checkTruth(sender: Side, receiver: Side): void {
  for (const [{ channelName, seq }, { status }] of sender.settlements) {
    if (status !== 'handled') continue;
    const isTaken = receiver.taken.some(
      (one) => one.channelName === channelName && one.seq === seq,
    );
    expect(isTaken, `#${String(seq)} in ${channelName} was handled`).toBe(true);
  }
}

/** How often a handler says "not now" of a message before it takes it. */
function deferrals(seq: number): number {
  return seq % 5 === 0 ? 1 : 0;
}

/**
 * A handler that may have been started before is never started without being told so; and what is
 * told is not made up: each crash adds one attempt at the most.
 */
function checkMarks(receiver: Side, crashes: number): void {
  const last = new Map<string, { attempt: number; starts: number }>();
  for (const { channelName, seq, attempt, isRedelivered } of receiver.taken) {
    const place = `${channelName} #${String(seq)}`;
    const { attempt: before, starts } = last.get(place) ?? { attempt: 0, starts: 0 };
    expect(attempt, place).toBeGreaterThan(before);
    expect(isRedelivered, place).toBe(attempt > 1);
    expect(attempt, place).toBeLessThanOrEqual(starts + 1 + crashes);
    last.set(place, { attempt, starts: starts + 1 });
  }
}

/** What a handler commits with its message is there once, as soon as the message counts as handled. */
function checkEffects(sender: Side, receiver: Side): void {
  const { effects } = receiver.store;
  expect(new Set(effects).size).toBe(effects.length);
  for (const [{ channelName, seq }, { status }] of sender.settlements) {
    if (status === 'handled') expect(effects).toContain(`${channelName} #${String(seq)}`);
    else if (status !== 'inDoubt') expect(effects).not.toContain(`${channelName} #${String(seq)}`);
  }
}

describe('two sides with stores, of which either may crash at any moment', () => {
  test('lose nothing that was queued, and hand over again only what a crash interrupted', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const given = { isVolatile: false, keepsPlace: () => false };
        // Long before it is long: most of it is on the disk only.
        const options = { outboxHeadMessages: 4, outboxHeadBytes: 150_000 };
        const pair = new Pair(
          { client: options, server: options },
          { client: given, server: { isVolatile: false } },
        );
        for (const one of [pair.client, pair.server]) {
          one.store.headMessages = 2;
          one.readMs = 2;
          one.readsEarly = one === pair.client;
          one.respond = ({ channelName, seq, attempt }) => {
            if (attempt <= deferrals(seq)) return { outcome: 'notNow', delayMs: 7 };
            const effects = [`${channelName} #${String(seq)}`];
            return { ...(seq % 2 === 0 ? reply(1) : HANDLED), effects };
          };
        }
        const crashes = new Map<Side, number>();
        pair.connect();
        for (const one of steps) {
          take(pair, one, crashes);
          pair.settle();
        }
        pair.client.commitMs = pair.server.commitMs = 1;
        if (!pair.isConnected) pair.connect();
        pair.reconnectMs = 5;
        pair.advance(60_000);

        for (const one of [pair.client, pair.server]) {
          expect(one.session.unsettledCount).toBe(0);
          expect(one.session.isQuiet).toBe(true);
          checkTruth(one, pair.other(one));
          checkMarks(one, crashes.get(one) ?? 0);
          checkEffects(pair.other(one), one);
        }
        for (const { side: sender, channel, seq, size } of queuedOf(pair)) {
          const receiver = pair.other(sender);
          const taken = receiver.taken.filter(
            (each) => each.channelName === channel && each.seq === seq,
          );
          const message = sender.sent.find(
            (each) => each.message.channelName === channel && each.message.seq === seq,
          )?.message;
          const settlement = message === undefined ? undefined : sender.settlements.get(message);
          const effect = `${channel} #${String(seq)}`;
          const isHandled = receiver.store.effects.includes(effect);
          if (settlement === undefined) expect(isHandled || taken.length > 0).toBe(true);
          if (settlement?.status === 'cancelled') expect(taken).toEqual([]);
          else expect(taken.length, `#${String(seq)}`).toBeGreaterThanOrEqual(1);
          const most = 1 + deferrals(seq) + (crashes.get(receiver) ?? 0);
          expect(taken.length).toBeLessThanOrEqual(most);
          for (const { bytes } of taken) expect(bytes.startsWith(`${String(size)}:`)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});
