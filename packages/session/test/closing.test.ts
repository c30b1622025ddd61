import { describe, expect, test } from 'vitest';
import { checkEnd, checkHistory } from './history.ts';
import { HANDLED, Pair, reply, type Side } from './pair.ts';

function end(pair: Pair, side: Side): void {
  side.session.close(
    { mode: 'end', code: 'WILCO_SESSION_ENDED', reason: 'done', retryAfterMs: undefined },
    pair.nowMs,
  );
}

function statusesOf(side: Side): (string | undefined)[] {
  return side.sent.map(({ message }) => side.settlements.get(message)?.status);
}

describe('closing a session', () => {
  test('is said and answered by both sides, each after a full acknowledgement', () => {
    const pair = new Pair();
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    pair.takeTrace();
    end(pair, pair.client);
    pair.advance(10);
    expect(pair.takeTrace()).toEqual([
      'client → ack 0:1/1 1:1/1',
      'client → close end',
      'server → ack 0:1/1 1:2/2',
      'server → close end',
      'server → ack 0:1/1 1:2/2',
      'server → closeAck 1:2',
      'client → ack 0:1/1 1:1/1',
      'client → closeAck 1:1',
      'client ended WILCO_SESSION_ENDED',
      'server ended WILCO_SESSION_ENDED',
    ]);
    expect([pair.client.end?.isLocal, pair.server.end?.isLocal]).toEqual([true, false]);
    expect([pair.client.isFinished, pair.server.isFinished]).toEqual([true, true]);
  });

  test('works when both begin at once', () => {
    const pair = new Pair();
    pair.connect();
    end(pair, pair.client);
    end(pair, pair.server);
    pair.advance(10);
    expect([pair.client.session.phase, pair.server.session.phase]).toEqual(['ended', 'ended']);
    expect([pair.client.isFinished, pair.server.isFinished]).toEqual([true, true]);
  });

  test('settles what is at each stage truly: handled, in doubt, cancelled', () => {
    const pair = new Pair();
    pair.server.respond = ({ seq }) => (seq === 1 ? HANDLED : undefined);
    pair.connect();
    for (let i = 0; i < 4; i++) pair.send(pair.client);
    pair.advance(10);
    pair.fate = (frame) => (frame.kind === 'message' ? 'lose' : 'pass');
    pair.send(pair.client);
    pair.settle();
    end(pair, pair.client);
    pair.advance(10);
    // 2 has a handler that did not end; 3 and 4 wait for one; 5 never came.
    expect(statusesOf(pair.client)).toEqual([
      'handled',
      'inDoubt',
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
    expect(pair.trace.some((line) => line.endsWith('aborts #2 WILCO_SESSION_ENDED'))).toBe(true);
    checkHistory(pair);
  });

  test('lets the answers that are at hand go first', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    const message = pair.send(pair.client);
    pair.advance(10);
    const [delivery] = pair.server.deliveries;
    if (delivery === undefined) throw new Error('no handler ran');
    pair.server.session.handlerFinished(delivery, reply(5), pair.nowMs);
    end(pair, pair.server);
    pair.advance(10);
    expect(pair.client.settlements.get(message)?.payload).toEqual(Uint8Array.of(5));
  });

  test('takes nothing new, and starts no handler', () => {
    const pair = new Pair();
    pair.connect();
    pair.send(pair.server);
    end(pair, pair.client);
    expect(() => pair.send(pair.client)).toThrow('WILCO_CLOSED');
    pair.advance(10);
    expect(pair.client.handledSeqs()).toEqual([]);
    expect(statusesOf(pair.server)).toEqual(['cancelled']);
    checkEnd(pair);
  });

  test('does not wait longer than its timeout for a peer that does not answer', () => {
    const pair = new Pair({ client: { closeTimeoutMs: 2_000 } });
    pair.connect();
    const written = pair.send(pair.client);
    pair.fate = () => 'lose';
    pair.settle();
    end(pair, pair.client);
    pair.advance(1_999);
    expect(pair.client.end).toBeUndefined();
    pair.advance(1);
    expect(pair.client.end?.code).toBe('WILCO_SESSION_ENDED');
    expect(pair.client.settlements.get(written)?.status).toBe('inDoubt');
  });

  test('without a connection ends at once, and never calls in doubt what was never written', () => {
    const pair = new Pair();
    pair.send(pair.client);
    end(pair, pair.client);
    expect(statusesOf(pair.client)).toEqual(['cancelled']);
    expect(pair.client.end?.code).toBe('WILCO_SESSION_ENDED');
  });

  test('leaves a client whose server ended the session its messages for the next one', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.send(pair.client);
    pair.advance(10);
    end(pair, pair.server);
    pair.advance(10);
    expect(pair.client.end?.isLocal).toBe(false);
    expect(statusesOf(pair.client)).toEqual([undefined, undefined]);
    const left = pair.client.session.surrender(pair.nowMs);
    expect(left.map(({ message, mayBeHandled }) => [message.seq, mayBeHandled])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  test('with detach says so and settles nothing: the session goes on with the next connection', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.send(pair.server);
    pair.advance(10);
    pair.server.session.close(
      { mode: 'detach', code: 'WILCO_GOING_AWAY', reason: '', retryAfterMs: 100 },
      pair.nowMs,
    );
    pair.advance(10);
    expect(pair.client.dropped.map(({ code }) => code)).toEqual(['WILCO_GOING_AWAY']);
    expect(pair.client.session.phase).toBe('detached');
    expect(statusesOf(pair.client)).toEqual([undefined]);
  });

  test('by the end of the resume window settles a server’s messages and keeps a client’s', () => {
    const options = { resumeWindowMs: 1_000 };
    const pair = new Pair({ client: options, server: options });
    pair.client.respond = undefined;
    pair.connect();
    pair.send(pair.server);
    pair.advance(10);
    pair.cut();
    pair.send(pair.server);
    pair.send(pair.client);
    pair.advance(1_000);
    expect(pair.server.end?.code).toBe('WILCO_RESUME_WINDOW_OVER');
    expect(statusesOf(pair.server)).toEqual(['inDoubt', 'cancelled']);
    expect(statusesOf(pair.client)).toEqual([undefined]);
    expect(() => pair.send(pair.server)).toThrow('WILCO_CLOSED');
    const [left] = pair.client.session.surrender(pair.nowMs);
    expect(left?.mayBeHandled).toBe(false);
  });
});

describe('moving to another session', () => {
  test('keeps ids and order, and marks what may have been handled', () => {
    const old = new Pair();
    old.server.respond = undefined;
    old.connect();
    const written = old.send(old.client);
    old.advance(10);
    old.cut();
    const unwritten = old.send(old.client, { id: 'mine' });
    const ids = [written.id, unwritten.id];
    const left = old.client.session.surrender(old.nowMs);
    expect(old.client.session.unsettledCount).toBe(0);

    const next = new Pair();
    next.send(next.client);
    for (const { message, mayBeHandled } of left) {
      next.client.session.resubmit(message, mayBeHandled, next.nowMs);
    }
    next.connect();
    next.advance(10);
    expect(next.server.deliveries.map(({ id, isResent }) => [id, isResent])).toEqual([
      [undefined, false],
      [ids[0], true],
      [ids[1], false],
    ]);
    expect(next.client.settlements.get(written)?.status).toBe('handled');
    expect(next.client.session.unsettledCount).toBe(0);
  });

  test('what the sender wants in doubt instead is settled once', () => {
    const pair = new Pair();
    const message = pair.send(pair.client);
    pair.client.session.surrender(pair.nowMs);
    expect(pair.client.session.phase).toBe('ended');
    expect(pair.client.end).toBeUndefined();
    expect(message.state).not.toBe('settled');
  });
});

describe('closing a session that a store keeps', () => {
  /** A server with a store, handlers that never end, and messages that wait for them. */
  function busy(concurrencyOf = (): number => 1, messages = 3): Pair {
    const pair = new Pair({}, { server: { isVolatile: false, concurrencyOf } });
    pair.server.commitMs = 0;
    pair.server.respond = undefined;
    pair.connect();
    for (let i = 0; i < messages; i++) pair.send(pair.client);
    pair.advance(10);
    pair.takeTrace();
    return pair;
  }

  test('says what was not started only when no next run will start it', () => {
    const pair = busy();
    pair.server.commitMs = undefined;
    end(pair, pair.client);
    pair.advance(100);
    expect(pair.takeTrace().filter((line) => line.includes('closeAck 1:'))).toEqual([
      'client → closeAck 1:1',
    ]);
    while (pair.server.completeCommit());
    pair.advance(10);
    expect(pair.takeTrace()).toContain('server → closeAck 1:2');
    expect(statusesOf(pair.client)).toEqual(['inDoubt', 'cancelled', 'cancelled']);
    pair.server.respond = () => HANDLED;
    pair.server.commitMs = 0;
    pair.server.restart();
    pair.advance(30_000);
    // The first had been started before.
    expect(pair.server.handledSeqs()).toEqual([1, 1]);
  });

  test('leaves in doubt what the store did not drop in time', () => {
    const pair = busy();
    pair.server.commitMs = undefined;
    end(pair, pair.client);
    pair.advance(5_000);
    expect(statusesOf(pair.client)).toEqual(['inDoubt', 'inDoubt', 'inDoubt']);
  });

  test('counts as started what a handler took before a restart, or what the store let it take', () => {
    let concurrency = 2;
    const pair = busy(() => concurrency, 6);
    pair.cut();
    concurrency = 1;
    pair.server.restart();
    pair.connect();
    end(pair, pair.client);
    pair.advance(10);
    // Nobody can know whether the third was started: the store had it run.
    const [perhaps, never] = ['inDoubt', 'cancelled'];
    expect(statusesOf(pair.client)).toEqual([perhaps, perhaps, perhaps, never, never, never]);
  });
});
