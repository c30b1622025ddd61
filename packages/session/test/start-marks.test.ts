import { describe, expect, test } from 'vitest';
import type { StoreOperation } from '@wilco/protocol';
import type { SessionOptions } from '../src/index.ts';
import { HANDLED, Pair, type GivenSide, type Side } from './pair.ts';

const FAREWELL = { code: 'WILCO_CLOSED', reason: 'bye', retryAfterMs: undefined } as const;

/** Two sides with stores; the server's handlers do not finish. */
function busy(messages: number, given: GivenSide = {}, server: SessionOptions = {}): Pair {
  const sides = { client: { isVolatile: false }, server: { isVolatile: false, ...given } };
  const pair = new Pair({ server }, sides);
  pair.client.commitMs = pair.server.commitMs = 0;
  pair.server.respond = undefined;
  pair.connect();
  for (let i = 0; i < messages; i++) pair.send(pair.client);
  return pair;
}

/** The server's process dies and comes back, and so does the connection. */
function crash(pair: Pair): void {
  if (pair.isConnected) pair.cut();
  pair.server.deliveries.length = 0;
  pair.server.restart();
  pair.connect();
}

/** What handlers were given since the last crash: seq, attempt, and the mark. */
function given(side: Side): (number | string)[][] {
  return side.deliveries.map(({ seq, attempt, isRedelivered }) => [
    seq,
    attempt,
    isRedelivered ? 'redelivered' : '',
  ]);
}

function operationsOf(side: Side): StoreOperation['type'][] {
  return side.commits.flatMap(({ operations }) => operations.map(({ type }) => type));
}

describe('the mark of a start', () => {
  test('is in the commit that holds the message: the first handler waits for no other', () => {
    const pair = busy(0);
    pair.server.commitMs = undefined;
    pair.send(pair.client);
    pair.advance(10);
    expect(operationsOf(pair.server)).toEqual(['putIncoming', 'putReceiving']);
    pair.server.completeCommit();
    pair.settle();
    expect(given(pair.server)).toEqual([[1, 1, '']]);
    expect(pair.server.commits).toEqual([]);
  });

  test('is never missing: no handler starts that the store does not know of', () => {
    const pair = busy(0, { concurrencyOf: () => 100 });
    pair.server.commitMs = undefined;
    for (let i = 0; i < 60; i++) pair.send(pair.client);
    pair.advance(10);
    const rounds: number[] = [];
    for (let left = 60; left > 0; left = 60 - pair.server.deliveries.length) {
      expect(pair.server.completeCommit()).toBe(true);
      pair.settle();
      const last = pair.server.deliveries.at(-1)?.seq ?? 0;
      const [kept] = pair.server.store.contents('server', '').receiving;
      expect(kept?.startedBelow).toBeGreaterThan(last);
      rounds.push(last);
    }
    // Each commit lets more of them start.
    expect(rounds).toEqual([1, 3, 7, 15, 31, 60]);
  });

  test('written ahead lets as many start with one commit as started at once before', () => {
    const pair = busy(0, { concurrencyOf: () => 100 });
    pair.server.respond = () => HANDLED;
    for (let burst = 0; burst < 2; burst++) {
      for (let i = 0; i < 60; i++) pair.send(pair.client);
      pair.advance(1_000);
    }
    pair.server.commitMs = undefined;
    for (let burst = 3; burst <= 5; burst++) {
      for (let i = 0; i < 60; i++) pair.send(pair.client);
      pair.advance(10);
      // One that has the messages, one that has their ends.
      for (const handled of [60 * burst, 60 * burst]) {
        expect(pair.server.completeCommit()).toBe(true);
        pair.advance(10);
        expect(pair.server.deliveries).toHaveLength(handled);
      }
    }
    expect(pair.server.completeCommit()).toBe(false);
  });

  test('written ahead forgets a burst: where few start at once few are marked', () => {
    const pair = busy(0, { concurrencyOf: () => 100 });
    pair.server.respond = () => HANDLED;
    for (let i = 0; i < 60; i++) pair.send(pair.client);
    pair.advance(1_000);
    for (let i = 0; i < 40; i++) {
      pair.send(pair.client);
      pair.advance(10);
    }
    pair.server.commitMs = undefined;
    for (let i = 0; i < 60; i++) pair.send(pair.client);
    pair.advance(10);
    pair.server.completeCommit();
    pair.settle();
    expect(pair.server.deliveries.length).toBeLessThan(100 + 10);
  });

  test('written ahead covers few that were not started, and those are told once that they may have been', () => {
    const pair = busy(20, { concurrencyOf: () => 2 });
    pair.advance(10);
    expect(given(pair.server)).toEqual([
      [1, 1, ''],
      [2, 1, ''],
    ]);
    crash(pair);
    pair.server.respond = () => HANDLED;
    pair.advance(10);
    const again = given(pair.server);
    expect(again).toHaveLength(20);
    expect(again.filter(([, , mark]) => mark !== '')).toEqual([
      [1, 2, 'redelivered'],
      [2, 2, 'redelivered'],
      [3, 2, 'redelivered'],
    ]);
  });

  test('is exact after a close in peace: who was not started is not marked', () => {
    const pair = busy(20, { concurrencyOf: () => 2 });
    pair.advance(10);
    pair.server.session.close({ mode: 'detach', ...FAREWELL }, pair.nowMs);
    pair.advance(10);
    crash(pair);
    pair.server.respond = () => HANDLED;
    pair.advance(10);
    expect(given(pair.server).filter(([, , mark]) => mark !== '')).toEqual([
      [1, 2, 'redelivered'],
      [2, 2, 'redelivered'],
    ]);
  });

  test('of a handler that ends after such a close changes nothing: the next run starts it again', () => {
    const pair = busy(1);
    pair.advance(10);
    pair.server.session.close({ mode: 'detach', ...FAREWELL }, pair.nowMs);
    pair.advance(10);
    const [first] = pair.server.deliveries;
    if (first === undefined) throw new Error('it was started');
    expect(pair.server.session.handlerFinished(first, HANDLED, pair.nowMs)).toBe(false);
    pair.advance(10);
    crash(pair);
    pair.server.respond = () => HANDLED;
    pair.advance(10);
    expect(given(pair.server)).toEqual([[1, 2, 'redelivered']]);
    expect(pair.client.session.unsettledCount).toBe(0);
  });

  test('of what was redelivered is its own, and held before it starts', () => {
    const pair = busy(1);
    pair.advance(10);
    crash(pair);
    pair.server.commitMs = undefined;
    pair.settle();
    while (pair.server.commits.length === 0) pair.advance(1);
    expect(given(pair.server)).toEqual([]);
    const [mark] = pair.server.commits[0]?.operations ?? [];
    expect(mark).toMatchObject({ type: 'putIncoming', record: { attempts: 2 } });
    pair.server.completeCommit();
    pair.settle();
    expect(given(pair.server)).toEqual([[1, 2, 'redelivered']]);
  });

  test('counts attempts over many crashes, and once for each that a handler ran', () => {
    const pair = busy(1);
    for (let attempt = 1; attempt < 5; attempt++) {
      pair.advance(10);
      expect(given(pair.server)).toEqual([[1, attempt, attempt > 1 ? 'redelivered' : '']]);
      crash(pair);
      // A crash before it is started again is none of its attempts.
      crash(pair);
    }
  });
});

describe('a message that brings the process down', () => {
  test('is given up after as many attempts as are allowed: rejected, and a handler ran', () => {
    const pair = busy(1, {}, { maxAttempts: 3 });
    const [sent] = pair.client.sent;
    if (sent === undefined) throw new Error('it was sent');
    for (let attempt = 1; attempt <= 3; attempt++) {
      pair.advance(10);
      expect(given(pair.server)).toHaveLength(1);
      crash(pair);
    }
    pair.advance(10);
    expect(given(pair.server)).toEqual([]);
    expect(pair.client.settlements.get(sent.message)).toMatchObject({
      status: 'rejected',
      code: 'WILCO_ATTEMPTS_OVER',
      hasRun: true,
      isRetryable: true,
    });
  });

  test('takes nobody along: from the second crash on, those that may have done it run one at a time', () => {
    const pair = busy(0, { concurrencyOf: () => 4 });
    const poison = pair.send(pair.client, { bytes: Uint8Array.of(66) });
    for (const channel of ['default', 'two', 'three']) pair.send(pair.client, { channel });
    let crashes = 0;
    const isPoison = (): boolean => pair.server.deliveries.some(({ payload }) => payload[0] === 66);
    for (; crashes < 20; crashes++) {
      pair.advance(10);
      if (!isPoison()) break;
      if (crashes >= 2) expect(pair.server.deliveries).toHaveLength(1);
      crash(pair);
    }
    expect(crashes).toBe(10);
    pair.server.respond = () => HANDLED;
    crash(pair);
    pair.advance(1_000);
    expect(pair.client.settlements.get(poison)?.code).toBe('WILCO_ATTEMPTS_OVER');
    const others = pair.client.sent.filter(({ message }) => message !== poison);
    for (const { message } of others) {
      expect(pair.client.settlements.get(message)?.status).toBe('handled');
    }
  });

  test('is not looked for among those whose handlers a close in peace has interrupted', () => {
    const pair = busy(3, { concurrencyOf: () => 3 });
    for (let run = 0; run < 3; run++) {
      pair.advance(10);
      expect(given(pair.server)).toHaveLength(3);
      pair.server.session.close({ mode: 'detach', ...FAREWELL }, pair.nowMs);
      pair.advance(10);
      crash(pair);
    }
  });
});

describe('what a store held', () => {
  test('waits until its peer has shown that the store is as it was left', () => {
    const pair = busy(1);
    pair.advance(10);
    pair.cut();
    pair.server.deliveries.length = 0;
    pair.server.restart();
    pair.advance(29_000);
    expect(given(pair.server)).toEqual([]);
    pair.connect();
    pair.advance(10);
    expect(given(pair.server)).toEqual([[1, 2, 'redelivered']]);
  });

  test('is handled in any case after a while, marked: the store may have been set back', () => {
    const pair = busy(2, {}, { restoredWaitMs: 5_000 });
    pair.advance(10);
    // The second was not started, and the store says so.
    pair.server.session.close({ mode: 'detach', ...FAREWELL }, pair.nowMs);
    pair.advance(10);
    pair.cut();
    pair.server.deliveries.length = 0;
    pair.server.restart();
    pair.server.respond = () => HANDLED;
    pair.advance(4_999);
    expect(given(pair.server)).toEqual([]);
    pair.advance(10);
    expect(given(pair.server)).toEqual([
      [1, 2, 'redelivered'],
      [2, 2, 'redelivered'],
    ]);
  });

  test('does not expire while it waits so: nobody knows whether a handler took it', () => {
    const pair = busy(0);
    pair.send(pair.client);
    const message = pair.send(pair.client, { ttlMs: 1_000 });
    pair.advance(10);
    pair.server.session.close({ mode: 'detach', ...FAREWELL }, pair.nowMs);
    pair.advance(10);
    pair.cut();
    pair.server.restart();
    pair.advance(5_000);
    pair.server.respond = () => HANDLED;
    pair.connect();
    pair.advance(10);
    expect(pair.client.settlements.get(message)?.status).toBe('expired');
  });
});
