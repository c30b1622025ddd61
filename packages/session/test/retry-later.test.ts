import { describe, expect, test } from 'vitest';
import type { SessionOptions } from '../src/index.ts';
import { HANDLED, Pair, reply, type GivenSide, type Side } from './pair.ts';

const LATER = { outcome: 'notNow', delayMs: 1_000 } as const;

/** A server whose first handlers say "not now", so often. */
function retrying(times: number, given: GivenSide = {}, options: SessionOptions = {}): Pair {
  const pair = new Pair({ server: options }, { client: {}, server: given });
  pair.client.commitMs = pair.server.commitMs = 0;
  pair.server.respond = ({ channel, seq, attempt }) =>
    channel === 1 && seq === 1 && attempt <= times ? LATER : reply(attempt);
  pair.connect();
  return pair;
}

/** Which handlers were started: when, seq and attempt. */
function startsOf(side: Side, pair: Pair): string[] {
  return pair.trace
    .filter((line) => line.includes(`${side.name} starts`))
    .map((line) => `${line.split(' ')[0] ?? ''} ${line.split('#')[1] ?? ''}`);
}

describe.each([true, false])(
  'a message whose handler says "not now" (volatile: %s)',
  (isVolatile) => {
    const kept = { isVolatile };

    test('is tried again later, and its sender learns nothing meanwhile', () => {
      const pair = retrying(2, kept);
      const message = pair.send(pair.client);
      pair.advance(1_500);
      expect(message.state).toBe('received');
      pair.advance(1_000);
      expect(startsOf(pair.server, pair)).toEqual([
        '1 1',
        '1001 1 redelivered',
        '2001 1 redelivered',
      ]);
      expect(pair.server.deliveries.map(({ attempt }) => attempt)).toEqual([3, 3, 3]);
      expect(pair.client.settlements.get(message)).toMatchObject({ status: 'handled' });
      expect(pair.server.session.isQuiet).toBe(true);
    });

    test('keeps those behind it waiting, so that the order holds', () => {
      const pair = retrying(1, kept);
      for (let i = 0; i < 3; i++) pair.send(pair.client);
      pair.send(pair.client, { channel: 'two' });
      pair.advance(2_000);
      expect(
        pair.server.taken.map(({ channelName, seq }) => `${channelName} ${String(seq)}`),
      ).toEqual(['default 1', 'two 1', 'default 1', 'default 2', 'default 3']);
    });

    test('or lets them go first, as its type says, and then has its place', () => {
      const pair = retrying(1, { ...kept, keepsPlace: () => false });
      for (let i = 0; i < 3; i++) pair.send(pair.client);
      pair.advance(500);
      expect(pair.server.handledSeqs()).toEqual([1, 2, 3]);
      expect(pair.client.sent.map(({ message }) => message.state)).toEqual([
        'received',
        'settled',
        'settled',
      ]);
      pair.server.respond = undefined;
      for (let i = 0; i < 2; i++) pair.send(pair.client);
      pair.advance(600);
      expect(pair.server.handledSeqs()).toEqual([1, 2, 3, 4]);
      const fourth = pair.server.deliveries.at(-1);
      if (fourth === undefined) throw new Error('it was started');
      pair.server.respond = () => HANDLED;
      pair.server.session.handlerFinished(fourth, HANDLED, pair.nowMs);
      pair.advance(10);
      expect(pair.server.handledSeqs()).toEqual([1, 2, 3, 4, 1, 5]);
    });

    test('is given up after as many attempts as are allowed', () => {
      const pair = retrying(100, kept, { maxAttempts: 4 });
      const message = pair.send(pair.client);
      const next = pair.send(pair.client);
      pair.advance(60_000);
      expect(pair.server.handledSeqs()).toEqual([1, 1, 1, 1, 2]);
      expect(pair.client.settlements.get(message)).toMatchObject({
        status: 'rejected',
        code: 'WILCO_ATTEMPTS_OVER',
        hasRun: true,
      });
      expect(pair.client.settlements.get(next)?.status).toBe('handled');
    });

    test.each([
      ['its time to live', { ttlMs: 2_500 }, {}, 'WILCO_EXPIRED'],
      ['the retention of its receiver', {}, { retentionMs: 2_500 }, 'WILCO_RETENTION_OVER'],
    ])('ends with %s: rejected, for a handler ran', (_what, sending, options, code) => {
      const pair = retrying(100, kept, options);
      // Only the receiver's clock counts here.
      const message = pair.send(pair.client, sending);
      pair.client.session.cancel = () => undefined;
      pair.advance(10);
      pair.cut();
      pair.advance(10_000);
      expect(pair.server.handledSeqs()).toEqual([1, 1, 1]);
      pair.connect();
      pair.advance(10);
      expect(pair.client.settlements.get(message)).toMatchObject({
        status: 'rejected',
        code,
        hasRun: true,
        isRetryable: true,
      });
    });

    test('ends at once when its sender wants it back, also while a handler runs that says so again', () => {
      const pair = retrying(100, kept);
      const message = pair.send(pair.client);
      pair.advance(10);
      pair.client.session.cancel(message);
      pair.advance(10);
      const withdrawn = { status: 'rejected', code: 'WILCO_CANCELLED', hasRun: true };
      expect(pair.client.settlements.get(message)).toMatchObject(withdrawn);

      pair.server.respond = undefined;
      const second = pair.send(pair.client);
      pair.advance(10);
      pair.client.session.cancel(second);
      pair.advance(10);
      const running = pair.server.deliveries.at(-1);
      if (running === undefined) throw new Error('it was started');
      expect(pair.server.session.handlerFinished(running, LATER, pair.nowMs)).toBe(true);
      pair.advance(10);
      expect(pair.client.settlements.get(second)).toMatchObject(withdrawn);
    });

    test('whose time is over while its peer takes no answers ends when there is room for one', () => {
      const pair = retrying(0, kept, { answerBytes: 1 });
      pair.server.respond = ({ channelName }) => (channelName === 'two' ? undefined : LATER);
      const message = pair.send(pair.client, { ttlMs: 500 });
      pair.send(pair.client, { channel: 'two' });
      pair.advance(100);
      pair.cut();
      const running = pair.server.deliveries.at(-1);
      if (running === undefined) throw new Error('it was started');
      pair.server.session.handlerFinished(running, reply(1), pair.nowMs);
      pair.advance(5_000);
      expect(pair.server.handledSeqs()).toEqual([1]);
      pair.connect();
      pair.advance(100);
      expect(pair.client.settlements.get(message)?.code).toBe('WILCO_EXPIRED');
      expect(pair.server.session.isQuiet).toBe(true);
    });

    test('is bounded at its sender as ever: a retention that ends asks for it, and is answered', () => {
      const pair = new Pair({ client: { retentionMs: 5_000 } }, { server: kept });
      pair.server.commitMs = 0;
      pair.server.respond = () => LATER;
      pair.connect();
      const message = pair.send(pair.client);
      pair.advance(5_010);
      expect(pair.client.settlements.get(message)).toMatchObject({
        status: 'rejected',
        code: 'WILCO_RETENTION_OVER',
        hasRun: true,
      });
    });
  },
);

describe('a message that a store keeps for another attempt', () => {
  test('is not tried again before its time, after a restart either', () => {
    const pair = retrying(1, { isVolatile: false });
    const message = pair.send(pair.client);
    pair.advance(300);
    pair.cut();
    pair.server.restart();
    pair.connect();
    pair.advance(690);
    expect(pair.server.handledSeqs()).toEqual([1]);
    pair.advance(20);
    expect(startsOf(pair.server, pair)).toEqual(['1 1', '1001 1 redelivered']);
    expect(pair.client.settlements.get(message)?.status).toBe('handled');
  });

  test('is no suspect, however often it was tried: it did not bring the process down', () => {
    const pair = retrying(5, {
      isVolatile: false,
      concurrencyOf: () => 2,
      keepsPlace: () => false,
    });
    pair.server.respond = ({ attempt }) => (attempt <= 3 ? LATER : undefined);
    pair.send(pair.client);
    pair.send(pair.client);
    pair.advance(2_500);
    pair.cut();
    pair.server.deliveries.length = 0;
    pair.server.restart();
    pair.connect();
    pair.advance(1_000);
    expect(pair.server.deliveries.map(({ attempt }) => attempt)).toEqual([4, 4]);
  });

  test('keeps its time to live over a restart', () => {
    const pair = retrying(100, { isVolatile: false });
    const message = pair.send(pair.client, { ttlMs: 1_500 });
    pair.advance(100);
    pair.cut();
    pair.server.restart();
    pair.advance(5_000);
    pair.connect();
    pair.advance(10);
    expect(pair.client.settlements.get(message)).toMatchObject({
      status: 'rejected',
      hasRun: true,
    });
    expect(pair.server.handledSeqs()).toEqual([1]);
  });
});
