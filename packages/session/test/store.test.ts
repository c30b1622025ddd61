import { describe, expect, test } from 'vitest';
import { HANDLED, Pair, reply, type Side } from './pair.ts';

/** Two sides that keep what they have; commits take as long as the test says. */
function durable(commitMs?: number): Pair {
  const pair = new Pair({}, { client: { isVolatile: false }, server: { isVolatile: false } });
  pair.client.commitMs = pair.server.commitMs = commitMs;
  return pair;
}

function kindsOf(side: Side): string[] {
  return side.frames.map(({ kind }) => kind);
}

describe('a store that keeps messages', () => {
  test('is asked once for all messages of a turn, and queued is said when it holds them', () => {
    const pair = durable();
    pair.connect();
    pair.send(pair.client);
    pair.send(pair.client);
    pair.settle();
    expect(pair.client.commits).toHaveLength(1);
    expect(pair.takeTrace()).toEqual([]);
    pair.client.completeCommit();
    pair.settle();
    expect(pair.takeTrace()).toEqual([
      'client queued #1',
      'client queued #2',
      'client → types',
      'client → message #1',
      'client → message #2',
    ]);
  });

  test('holds a message before it is reported as received, and before a handler starts on it', () => {
    const pair = durable(0);
    pair.connect();
    pair.server.commitMs = undefined;
    pair.send(pair.client);
    pair.advance(500);
    expect(kindsOf(pair.server)).toEqual([]);
    expect(pair.server.handledSeqs()).toEqual([]);
    pair.server.completeCommit();
    pair.advance(10);
    expect(pair.server.handledSeqs()).toEqual([1]);
    expect(pair.trace.at(-1)).toContain('client received #1');
  });

  test('holds the mark of a handler before the message is reported as handled', () => {
    const pair = durable(0);
    pair.connect();
    pair.server.commitMs = undefined;
    pair.send(pair.client);
    pair.advance(10);
    pair.server.completeCommit();
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1]);
    expect(pair.client.settlements.size).toBe(0);
    while (pair.server.completeCommit()) pair.advance(10);
    expect(pair.client.settlements.size).toBe(1);
  });

  test('holds an answer before it is transmitted', () => {
    const pair = durable(0);
    pair.server.respond = () => reply(1);
    pair.connect();
    pair.server.commitMs = undefined;
    pair.send(pair.client);
    pair.advance(10);
    pair.server.completeCommit();
    pair.advance(10);
    expect(pair.server.handledSeqs()).toEqual([1]);
    expect(kindsOf(pair.server)).not.toContain('answer');
    pair.server.completeCommit();
    pair.advance(10);
    expect(kindsOf(pair.server)).toContain('answer');
  });

  test('may complete a commit after the connection was lost, and after the next one opened', () => {
    for (const isConnected of [false, true]) {
      const pair = durable(0);
      pair.connect();
      pair.server.commitMs = undefined;
      const message = pair.send(pair.client);
      pair.advance(10);
      pair.cut();
      if (isConnected) pair.connect();
      pair.advance(10);
      // It was accepted already: what comes again is not handled again.
      pair.server.commitMs = 0;
      pair.server.completeCommit();
      if (!isConnected) pair.connect();
      pair.advance(100);
      expect(pair.server.handledSeqs()).toEqual([1]);
      expect(pair.client.settlements.get(message)?.status).toBe('handled');
    }
  });

  test('that holds messages back does not upset a large message behind them at a resume', () => {
    const pair = durable(0);
    pair.connect();
    pair.server.commitMs = undefined;
    pair.send(pair.client);
    pair.send(pair.client, { bytes: new Uint8Array(200_000) });
    pair.fate = (frame) => (frame.kind === 'fragment' ? 'cut' : 'pass');
    pair.advance(20);
    expect(pair.isConnected).toBe(false);
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(20);
    expect(pair.server.dropped).toEqual([]);
    pair.server.commitMs = 0;
    while (pair.server.completeCommit()) pair.settle();
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1, 2]);
    expect(pair.client.session.unsettledCount).toBe(0);
  });

  test('holds the end of a message before the wire and the application know of it', () => {
    const pair = new Pair(
      { server: { windowMessages: 1, windowMessagesMax: 1 } },
      { client: { isVolatile: false } },
    );
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    const second = pair.send(pair.client);
    pair.advance(10);
    pair.client.commitMs = undefined;
    pair.client.session.cancel(second);
    pair.advance(100);
    expect(pair.client.settlements.size).toBe(0);
    expect(kindsOf(pair.client)).not.toContain('void');
    // A crash now makes it an unsettled message again, and nobody was told otherwise.
    pair.client.completeCommit();
    pair.advance(10);
    expect(pair.client.settlements.get(second)?.status).toBe('cancelled');
    expect(kindsOf(pair.client)).toContain('void');
  });

  test('that never answers ends the session after the store timeout', () => {
    const pair = durable();
    pair.connect();
    const message = pair.send(pair.client);
    pair.advance(29_999);
    expect(pair.client.end).toBeUndefined();
    pair.advance(1);
    expect(pair.client.end?.code).toBe('WILCO_STORE_FAILED');
    expect(pair.client.dropped.at(-1)?.code).toBe('WILCO_STORE_FAILED');
    // It may have reached the disk, and then the next run sends it.
    expect(pair.client.settlements.get(message)).toMatchObject({
      status: 'inDoubt',
      code: 'WILCO_STORE_FAILED',
    });
  });

  test('that fails is final: nothing is acknowledged after it, even if a commit completes', () => {
    const pair = durable(0);
    pair.connect();
    pair.server.commitMs = undefined;
    pair.send(pair.client);
    pair.advance(10);
    const { session } = pair.server;
    session.storeFailed(Object.assign(new Error('disk full'), { code: 'X' }) as never, pair.nowMs);
    pair.server.completeCommit();
    pair.advance(10);
    expect(kindsOf(pair.server)).toEqual([]);
    expect(pair.server.handledSeqs()).toEqual([]);
    expect(session.phase).toBe('ended');
  });
});

/** A conversation with replies, a large message and a withdrawal, on stores that take their time. */
function story(): Pair {
  const pair = durable(3);
  pair.reconnectMs = 5;
  pair.server.respond = ({ seq, channelName }) => ({
    ...(seq % 2 === 0 ? reply(seq) : HANDLED),
    effects: [`${channelName} #${String(seq)}`],
  });
  pair.client.respond = ({ seq, channelName }) => ({
    ...reply(7),
    effects: [`${channelName} #${String(seq)}`],
  });
  pair.connect();
  for (let i = 0; i < 4; i++) pair.send(pair.client, { bytes: Uint8Array.of(i) });
  pair.send(pair.client, { bytes: new Uint8Array(100_000), channel: 'two' });
  pair.send(pair.server, { bytes: Uint8Array.of(9) });
  const doomed = pair.send(pair.client);
  pair.at(8, () => {
    if (!pair.client.runId.endsWith("'")) pair.client.session.cancel(doomed);
  });
  return pair;
}

/** How many commits each side orders when nothing goes wrong. */
function commitsOf(name: 'client' | 'server'): number {
  const pair = story();
  let count = 0;
  const side = pair[name];
  const complete = side.completeCommit.bind(side);
  side.completeCommit = () => {
    count += 1;
    return complete();
  };
  pair.advance(1_000);
  return count;
}

describe.each(['client', 'server'] as const)('a crash of the %s at a commit', (name) => {
  const cases = Array.from({ length: commitsOf(name) }, (_, i) => i + 1).flatMap((commit) => [
    { commit, isKept: false },
    { commit, isKept: true },
  ]);

  test.each(cases)('$commit (on the disk: $isKept) loses nothing', ({ commit, isKept }) => {
    const pair = story();
    const side = pair[name];
    const other = pair.other(side);
    const complete = side.completeCommit.bind(side);
    let count = 0;
    side.completeCommit = (isTold) => {
      count += 1;
      if (count !== commit) return complete(isTold);
      if (isKept) complete(false);
      pair.cut();
      side.restart();
      return true;
    };
    pair.advance(60_000);

    expect(count).toBeGreaterThanOrEqual(commit);
    for (const one of [side, other]) {
      expect(one.session.phase).not.toBe('ended');
      expect(one.session.unsettledCount).toBe(0);
      expect(one.session.isQuiet).toBe(true);
    }
    checkAfterCrash(side, other);
    checkAfterCrash(other, side);
  });
});

/** Whatever was queued was handled, or told; whatever was handled twice was told to be. */
function checkAfterCrash(sender: Side, receiver: Side): void {
  const crashes = receiver.runId.endsWith("'") ? 1 : 0;
  for (const { message, bytes } of sender.sent) {
    const taken = receiver.deliveries.filter(
      ({ seq, channelName }) => seq === message.seq && channelName === message.channelName,
    );
    expect(taken.length).toBeLessThanOrEqual(1 + crashes);
    const status = sender.settlements.get(message)?.status;
    if (status === 'handled') {
      expect(taken.length).toBeGreaterThanOrEqual(1);
      const [first] = receiver.taken.filter(
        ({ seq, channelName }) => seq === message.seq && channelName === message.channelName,
      );
      expect(first?.bytes).toBe(bytes);
    }
    // What its handler wrote with it is there once, as soon as it counts as handled.
    const effect = `${message.channelName} #${String(message.seq)}`;
    const effects = receiver.store.effects.filter((one) => one === effect);
    expect(effects.length).toBeLessThanOrEqual(1);
    if (status === 'handled') expect(effects).toHaveLength(1);
    if (status === 'cancelled') expect(taken).toEqual([]);
    if (status === undefined) expect(sender.runId).toContain("'");
  }
}
