import { describe, expect, test } from 'vitest';
import { HANDLED, Pair, rejected, reply } from './pair.ts';

describe('a receipt', () => {
  test('climbs the ladder: queued, received, handled', () => {
    const pair = new Pair();
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    expect(pair.takeTrace()).toEqual([
      'client queued #1',
      'client → types',
      'client → message #1',
      'server starts #1',
      'server → ack 1:2/2',
      'client received #1',
      'client settled #1 handled',
    ]);
  });

  test('carries the reply, and the acknowledgement of the message goes ahead of it', () => {
    const pair = new Pair();
    pair.server.respond = () => reply(4, 2);
    pair.connect();
    const message = pair.send(pair.client);
    pair.advance(10);
    expect(pair.client.settlements.get(message)?.payload).toEqual(Uint8Array.of(4, 2));
    expect(pair.takeTrace().slice(3)).toEqual([
      'server starts #1',
      'server → ack 1:2/1',
      'server → answer #1 reply to #1',
      'client received #1',
      'client settled #1 handled',
      'client → ack 0:2/2',
      'server → ack 1:2/2',
    ]);
  });

  test('says rejected with code, reason and whether the handler has run', () => {
    const pair = new Pair();
    pair.server.respond = () => ({ ...rejected('OUT_OF_STOCK'), isRetryable: true });
    pair.connect();
    const message = pair.send(pair.client);
    pair.advance(10);
    expect(pair.client.settlements.get(message)).toMatchObject({
      status: 'rejected',
      code: 'OUT_OF_STOCK',
      reason: 'because',
      hasRun: true,
      isRetryable: true,
    });
  });

  test('says handled with the reply lost, where the reply is larger than the sender takes', () => {
    const pair = new Pair({ client: { maxMessageBytes: 3 } });
    pair.server.respond = () => reply(1, 2, 3, 4);
    pair.connect();
    const message = pair.send(pair.client);
    pair.advance(10);
    expect(pair.client.settlements.get(message)).toMatchObject({
      status: 'handled',
      isReplyLost: true,
      payload: undefined,
    });
  });

  test('is cancelled at once, and nothing but a VOID is written, where it was never written', () => {
    const pair = new Pair();
    const first = pair.send(pair.client);
    pair.send(pair.client);
    pair.client.session.cancel(first);
    pair.client.session.cancel(first);
    pair.connect();
    pair.advance(10);
    expect(pair.takeTrace()).toEqual([
      'client queued #1',
      'client queued #2',
      'client settled #1 cancelled WILCO_CANCELLED',
      'client → void 1–2 cancelled',
      'client → types',
      'client → message #2',
      'server starts #2',
      'server → ack 1:3/3',
      'client received #2',
      'client settled #2 handled',
    ]);
  });

  test('of a message behind two that were withdrawn: one VOID stands for both', () => {
    const pair = new Pair();
    for (let i = 0; i < 2; i++) pair.client.session.cancel(pair.send(pair.client));
    const third = pair.send(pair.client);
    pair.connect();
    pair.advance(10);
    expect(pair.trace.filter((line) => line.includes('void'))).toEqual([
      '0 client → void 1–3 cancelled',
    ]);
    expect(pair.client.settlements.get(third)?.status).toBe('handled');
  });

  test('is not changed by a word of the peer that comes too late', () => {
    const pair = new Pair({ client: { settleGraceMs: 500 } });
    pair.isReliable = false;
    pair.server.respond = () => reply(1);
    pair.connect();
    // The answer overtakes every acknowledgement, and comes after the grace all the same.
    pair.fate = (frame) =>
      frame.kind === 'ack' ? 'lose' : frame.kind === 'answer' ? [900] : 'pass';
    const message = pair.send(pair.client, { ttlMs: 100 });
    pair.advance(700);
    expect(pair.client.settlements.get(message)?.status).toBe('inDoubt');
    pair.advance(300);
    expect(pair.client.frames.at(-1)?.kind).toBe('ack');
    expect(pair.client.settlements.get(message)?.status).toBe('inDoubt');
    expect(pair.isConnected).toBe(true);
  });

  test('is cancelled by the peer’s word, where it was written and no handler took it', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    const second = pair.send(pair.client);
    pair.advance(10);
    pair.takeTrace();
    pair.client.session.cancel(second);
    pair.advance(10);
    expect(pair.takeTrace()).toEqual([
      'client → cancel #2',
      'server → answer #1 cancelled to #2',
      'client settled #2 cancelled WILCO_CANCELLED',
      'client → ack 0:2/2',
      'server → ack 1:3/1[2,3]',
    ]);
    expect(pair.server.handledSeqs()).toEqual([1]);
  });

  test('tells the true outcome, where a handler had taken what was to be cancelled', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    const message = pair.send(pair.client);
    pair.advance(10);
    pair.client.session.cancel(message);
    pair.advance(10);
    expect(pair.trace).toContain('11 server aborts #1 WILCO_CANCELLED');
    const [delivery] = pair.server.deliveries;
    if (delivery === undefined) throw new Error('no handler ran');
    pair.server.session.handlerFinished(delivery, HANDLED, pair.nowMs);
    pair.advance(10);
    expect(pair.client.settlements.get(message)?.status).toBe('handled');
  });

  test('expires by the sender’s own word, where it was never written', () => {
    const pair = new Pair();
    const message = pair.send(pair.client, { ttlMs: 100 });
    pair.advance(99);
    expect(pair.client.settlements.size).toBe(0);
    pair.advance(1);
    expect(pair.client.settlements.get(message)).toMatchObject({
      status: 'expired',
      code: 'WILCO_EXPIRED',
    });
    pair.connect();
    pair.advance(10);
    expect(pair.trace.at(-2)).toContain('void 1–2 expired');
  });

  test('expires by the peer’s word alone, where it was written', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    const message = pair.send(pair.client, { ttlMs: 100 });
    pair.advance(10);
    pair.takeTrace();
    pair.advance(100);
    expect(pair.takeTrace()).toEqual([
      'client → cancel #2',
      'server → answer #1 expired to #2',
      'client settled #2 expired WILCO_EXPIRED',
      'client → ack 0:2/2',
      'server → ack 1:3/1[2,3]',
    ]);
    expect(pair.client.settlements.get(message)?.hasRun).toBe(false);
  });

  test('counts the time to live that remains at each transmission, not the clock of the sender', () => {
    const pair = new Pair();
    pair.send(pair.client, { ttlMs: 1_000 });
    pair.advance(400);
    pair.connect();
    pair.cut();
    pair.advance(200);
    pair.connect();
    const ttls = pair.client.frames.flatMap((one) => (one.kind === 'message' ? [one.ttlMs] : []));
    expect(ttls).toEqual([600, 400]);
  });

  test('is in doubt after its time to live and a grace, where the peer never said a word', () => {
    const pair = new Pair({ client: { settleGraceMs: 500, waitMs: 60_000 } });
    pair.fate = () => 'lose';
    pair.connect();
    const message = pair.send(pair.client, { ttlMs: 100 });
    pair.advance(599);
    expect(pair.client.settlements.size).toBe(0);
    pair.advance(1);
    expect(pair.client.settlements.get(message)?.status).toBe('inDoubt');
  });

  test('waits for the handler’s time as well, where the peer said received', () => {
    const pair = new Pair(
      { client: { settleGraceMs: 500 }, server: { handlerTimeoutMs: 90_000, waitMs: 60_000 } },
      {},
    );
    pair.server.respond = undefined;
    pair.connect();
    const message = pair.send(pair.client, { ttlMs: 100 });
    pair.advance(90_000);
    expect(pair.client.settlements.size).toBe(0);
    pair.advance(10_000);
    // The handler took it in time and ran too long: that is the true outcome.
    expect(pair.client.settlements.get(message)).toMatchObject({
      status: 'rejected',
      code: 'WILCO_HANDLER_TIMEOUT',
      hasRun: true,
    });
  });

  test('is cancelled or in doubt once the retention is over, as it was written or not', () => {
    const pair = new Pair({
      client: { retentionMs: 1_000, settleGraceMs: 10, resumeWindowMs: 1_000_000, waitMs: 5_000 },
    });
    pair.fate = () => 'lose';
    pair.connect();
    const written = pair.send(pair.client);
    pair.settle();
    pair.cut();
    const unwritten = pair.send(pair.client);
    pair.advance(2_000);
    expect(pair.client.settlements.get(unwritten)).toMatchObject({
      status: 'cancelled',
      code: 'WILCO_RETENTION_OVER',
    });
    expect(pair.client.settlements.get(written)).toMatchObject({
      status: 'inDoubt',
      code: 'WILCO_RETENTION_OVER',
    });
  });

  test('of what another session perhaps handled is never expired or cancelled by its sender alone', () => {
    const old = new Pair();
    old.fate = () => 'lose';
    old.connect();
    const cancelled = old.send(old.client);
    const expired = old.send(old.client, { ttlMs: 1_000 });
    const moved = old.send(old.client);
    old.settle();
    const surrendered = old.client.session.surrender(old.nowMs);
    expect(surrendered.map(({ mayBeHandled }) => mayBeHandled)).toEqual([true, true, true]);

    const next = new Pair();
    for (const { message } of surrendered) next.client.session.resubmit(message, true, next.nowMs);
    next.client.session.cancel(cancelled);
    next.advance(1_000);
    expect(next.client.settlements.get(cancelled)?.status).toBe('inDoubt');
    expect(next.client.settlements.get(expired)?.status).toBe('inDoubt');
    const words = { mode: 'end', code: 'WILCO_SESSION_ENDED', reason: '', retryAfterMs: undefined };
    next.client.session.close({ ...words, mode: 'end', code: 'WILCO_SESSION_ENDED' }, next.nowMs);
    expect(next.client.settlements.get(moved)?.status).toBe('inDoubt');
  });
});

describe('handlers', () => {
  test('start in order, the next when the one before has finished', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    for (let i = 0; i < 3; i++) pair.send(pair.client);
    pair.advance(10);
    expect(pair.server.handledSeqs()).toEqual([1]);
    const { session, deliveries } = pair.server;
    for (const [i, seqs] of [
      [0, [1, 2]],
      [1, [1, 2, 3]],
    ] as const) {
      const delivery = deliveries[i];
      if (delivery === undefined) throw new Error('no handler ran');
      session.handlerFinished(delivery, HANDLED, pair.nowMs);
      expect(pair.server.handledSeqs()).toEqual(seqs);
    }
  });

  test('run side by side as far as every type that runs allows, in order all the same', () => {
    const concurrencyOf = (type: string): number => Number(type);
    const pair = new Pair({}, { server: { concurrencyOf } });
    pair.server.respond = undefined;
    pair.connect();
    for (const type of ['3', '3', '2', '3', '1', '3']) pair.send(pair.client, { type });
    pair.advance(10);
    // Two of type 3 run; a third of type 2 may not join them.
    expect(pair.server.handledSeqs()).toEqual([1, 2]);
    const finish = (seq: number): void => {
      const delivery = pair.server.deliveries.find((one) => one.seq === seq);
      if (delivery === undefined) throw new Error(`${String(seq)} was not started`);
      pair.server.session.handlerFinished(delivery, HANDLED, pair.nowMs);
    };
    finish(2);
    expect(pair.server.handledSeqs()).toEqual([1, 2, 3]);
    finish(1);
    expect(pair.server.handledSeqs()).toEqual([1, 2, 3, 4]);
    finish(3);
    finish(4);
    // Type 1 runs alone.
    expect(pair.server.handledSeqs()).toEqual([1, 2, 3, 4, 5]);
    finish(5);
    expect(pair.server.handledSeqs()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('of different channels do not wait for each other', () => {
    const pair = new Pair();
    pair.server.respond = ({ channelName }) => (channelName === 'stuck' ? undefined : HANDLED);
    pair.connect();
    pair.send(pair.client, { channel: 'stuck' });
    pair.send(pair.client, { channel: 'stuck' });
    const free = pair.send(pair.client, { channel: 'free' });
    pair.advance(10);
    expect(pair.client.settlements.get(free)?.status).toBe('handled');
    expect(pair.client.session.unsettledCount).toBe(2);
  });

  test('that do not end are aborted, given a grace, and then their message is rejected', () => {
    const pair = new Pair({ server: { handlerTimeoutMs: 1_000, handlerGraceMs: 200 } });
    pair.server.respond = undefined;
    pair.connect();
    const message = pair.send(pair.client);
    pair.send(pair.client);
    pair.advance(1_300);
    expect(pair.trace.filter((line) => / server (starts|aborts|→ answer)/.test(line))).toEqual([
      '1 server starts #1',
      '1001 server aborts #1 WILCO_HANDLER_TIMEOUT',
      '1201 server starts #2',
      '1201 server → answer #1 rejected to #1',
    ]);
    expect(pair.client.settlements.get(message)).toMatchObject({
      code: 'WILCO_HANDLER_TIMEOUT',
      hasRun: true,
      isRetryable: true,
    });
    // What comes later changes nothing and reaches nobody.
    const [late] = pair.server.deliveries;
    if (late === undefined) throw new Error('no handler ran');
    expect(pair.server.session.handlerFinished(late, reply(1), pair.nowMs)).toBe(false);
    pair.takeTrace();
    pair.advance(10);
    expect(pair.takeTrace()).toEqual([]);
  });

  test('that end in their grace are believed', () => {
    const pair = new Pair({ server: { handlerTimeoutMs: 1_000, handlerGraceMs: 200 } });
    pair.server.respond = undefined;
    pair.connect();
    const message = pair.send(pair.client);
    pair.advance(1_100);
    const [delivery] = pair.server.deliveries;
    if (delivery === undefined) throw new Error('no handler ran');
    expect(pair.server.session.handlerFinished(delivery, HANDLED, pair.nowMs)).toBe(true);
    pair.advance(500);
    expect(pair.client.settlements.get(message)?.status).toBe('handled');
  });

  test('do not start while too many bytes of answers are unacknowledged', () => {
    const pair = new Pair({ server: { answerBytes: 10 } });
    pair.server.respond = () => reply(...new Array<number>(20).fill(1));
    pair.connect();
    pair.fate = (frame) => (frame.kind === 'ack' ? [500] : 'pass');
    for (let i = 0; i < 3; i++) pair.send(pair.client);
    pair.advance(400);
    expect(pair.server.handledSeqs()).toEqual([1]);
    pair.advance(2_000);
    expect(pair.server.handledSeqs()).toEqual([1, 2, 3]);
    expect(pair.client.session.unsettledCount).toBe(0);
  });
});
