import { describe, expect, test } from 'vitest';
import { checkEnd, checkHistory } from './history.ts';
import { Pair, reply, type Side } from './pair.ts';

/** A bit of everything, in both directions. */
function converse(pair: Pair): void {
  pair.client.respond = () => reply(1);
  const large = Uint8Array.from({ length: 150_000 }, (_, i) => i % 251);
  for (const side of [pair.client, pair.server]) {
    pair.send(side, { bytes: Uint8Array.of(1) });
    pair.send(side, { bytes: Uint8Array.of(2), channel: 'two' });
    pair.send(side, { bytes: large });
    const doomed = pair.send(side, { bytes: Uint8Array.of(3), channel: 'two' });
    pair.send(side, { bytes: large.subarray(7), channel: 'two' });
    pair.send(side, { bytes: Uint8Array.of(4) });
    pair.at(2, () => {
      side.session.cancel(doomed);
    });
  }
}

/** How many frames each side writes when nothing is cut. */
function framesOf(side: 'client' | 'server'): number {
  const pair = new Pair();
  pair.connect();
  converse(pair);
  pair.advance(1_000);
  checkEnd(pair);
  return pair[side].frames.length;
}

describe.each(['client', 'server'] as const)('a connection cut after a frame of the %s', (name) => {
  const cuts = Array.from({ length: framesOf(name) }, (_, i) => i + 1);

  test.each(cuts)('the %ith: everything is handled once, in order, and told truly', (cut) => {
    const pair = new Pair();
    pair.reconnectMs = 5;
    pair.fate = (_frame, from: Side, index) =>
      from.name === name && index === cut ? 'cut' : 'pass';
    pair.connect();
    converse(pair);
    pair.advance(1_000);
    checkEnd(pair);
    expect(pair.client.session.stats(pair.nowMs).connectionsOpened).toBe(2);
  });

  test('every third, again and again', () => {
    const pair = new Pair();
    pair.reconnectMs = 5;
    pair.fate = (_frame, from: Side, index) =>
      from.name === name && index % 3 === 0 && index < 120 ? 'cut' : 'pass';
    pair.connect();
    converse(pair);
    pair.advance(5_000);
    checkEnd(pair);
  });
});

describe('a resume', () => {
  test('works where nothing was ever sent, in both directions', () => {
    const pair = new Pair();
    for (let i = 0; i < 3; i++) {
      pair.connect();
      pair.cut();
    }
    pair.connect();
    pair.send(pair.client);
    pair.send(pair.server);
    pair.advance(10);
    expect([pair.server.handledSeqs(), pair.client.handledSeqs()]).toEqual([[1], [1]]);
    checkEnd(pair);
  });

  test('sends the very first message again where it was lost: position 1 is a position', () => {
    const pair = new Pair();
    pair.connect();
    pair.fate = (frame) => (frame.kind === 'message' ? 'lose' : 'pass');
    pair.send(pair.client);
    pair.send(pair.server);
    pair.advance(10);
    pair.cut();
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(10);
    expect([pair.server.handledSeqs(), pair.client.handledSeqs()]).toEqual([[1], [1]]);
    checkEnd(pair);
  });

  test('attaches no second connection before the first is let go of', () => {
    const pair = new Pair();
    pair.connect();
    expect(() => {
      pair.connect();
    }).toThrow('a session that is open can not take attach');
  });

  test('a hundred times without traffic repeats no payload, and both still agree', () => {
    const pair = new Pair();
    pair.connect();
    for (let i = 0; i < 5; i++) pair.send(i % 2 === 0 ? pair.client : pair.server);
    pair.advance(10);
    const before = pair.client.session.opening.offers();
    const written = pair.client.frames.length + pair.server.frames.length;
    for (let i = 0; i < 100; i++) {
      pair.cut();
      pair.connect();
      pair.advance(10);
    }
    expect(pair.client.session.opening.offers()).toEqual(before);
    expect(pair.client.frames.length + pair.server.frames.length).toBe(written);
    pair.send(pair.client);
    pair.advance(10);
    checkEnd(pair);
  });

  test('sends nothing again that the peer says it holds', () => {
    const pair = new Pair();
    pair.connect();
    pair.fate = (frame) => (frame.kind === 'ack' ? 'lose' : 'pass');
    pair.send(pair.client);
    pair.advance(10);
    pair.cut();
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(10);
    expect(pair.client.frames.filter(({ kind }) => kind === 'message')).toHaveLength(1);
    checkEnd(pair);
  });

  test('sends what waited behind a window, though nothing is submitted any more', () => {
    const pair = new Pair({ server: { windowMessages: 1, windowMessagesMax: 1 } });
    pair.connect();
    for (let i = 0; i < 3; i++) pair.send(pair.client);
    pair.settle();
    pair.cut();
    pair.connect();
    pair.settle();
    pair.cut();
    pair.connect();
    pair.advance(20);
    expect(pair.server.handledSeqs()).toEqual([1, 2, 3]);
    checkEnd(pair);
  });

  test('sends what is left before anything new, and cancellations ahead of messages', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    pair.fate = () => 'lose';
    pair.send(pair.client);
    const third = pair.send(pair.client);
    pair.advance(10);
    pair.cut();
    pair.client.session.cancel(third);
    pair.send(pair.client);
    pair.takeTrace();
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(10);
    expect(pair.takeTrace().slice(0, 6)).toEqual([
      'client → cancel #3',
      'client → types',
      'client → message #2',
      'client → message #3',
      'client → message #4',
      'server → ack 1:5/1',
    ]);
    expect(pair.client.settlements.get(third)?.status).toBe('cancelled');
  });

  test('goes on with a large message at the byte that the peer holds', () => {
    const pair = new Pair();
    pair.connect();
    pair.send(pair.client, { bytes: new Uint8Array(300_000), channel: 'files', type: 'file' });
    let fragments = 0;
    pair.fate = (frame) => (frame.kind === 'fragment' && ++fragments === 2 ? 'cut' : 'pass');
    pair.advance(20);
    expect(pair.isConnected).toBe(false);
    pair.takeTrace();
    pair.connect();
    pair.advance(10);
    expect(pair.takeTrace().slice(0, 4)).toEqual([
      'client → types',
      'client → fragment #1 at 147456',
      'client → fragment #1 at 212992',
      'client → fragment #1 at 278528',
    ]);
    // The name of its type outlived the numbers of the first connection.
    expect(pair.server.deliveries[0]?.type).toBe('file');
    checkEnd(pair);
  });

  test('counts the time to live of a large message from its first part', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    const message = pair.send(pair.client, { bytes: new Uint8Array(100_000), ttlMs: 1_000 });
    pair.fate = (frame) => (frame.kind === 'message' ? 'cut' : 'pass');
    pair.advance(500);
    expect(pair.isConnected).toBe(false);
    // The receiver must know by itself: the request of the sender is lost.
    pair.fate = (frame) => (frame.kind === 'cancel' ? 'lose' : 'pass');
    pair.connect();
    pair.advance(600);
    expect(pair.client.settlements.get(message)?.status).toBe('expired');
    checkHistory(pair);
  });

  test('withdraws a large message that was not finished with a VOID in its place', () => {
    const pair = new Pair();
    pair.connect();
    const large = pair.send(pair.client, { bytes: new Uint8Array(300_000) });
    pair.fate = (frame) => (frame.kind === 'message' ? 'cut' : 'pass');
    pair.advance(20);
    pair.client.session.cancel(large);
    pair.send(pair.client);
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(20);
    expect(pair.client.settlements.get(large)?.status).toBe('cancelled');
    expect(pair.trace.some((line) => line.endsWith('void 1–2 cancelled'))).toBe(true);
    expect(pair.server.handledSeqs()).toEqual([2]);
    checkEnd(pair);
  });

  test('derives the windows anew: what was in flight and lost takes no place any more', () => {
    const options = { windowMessages: 4, windowMessagesMax: 4 };
    const pair = new Pair({ server: options });
    pair.connect();
    for (let i = 0; i < 50; i++) {
      pair.fate = () => 'lose';
      for (let j = 0; j < 4; j++) pair.send(pair.client, { bytes: new Uint8Array(20_000) });
      pair.settle();
      pair.cut();
      pair.fate = () => 'pass';
      pair.connect();
      pair.advance(20);
      expect(pair.client.session.stats(pair.nowMs).inFlight).toBe(0);
    }
    checkEnd(pair);
  });

  test('in a channel that no acknowledgement has named yet has a window to begin with', () => {
    const pair = new Pair();
    pair.connect();
    pair.fate = () => 'lose';
    pair.send(pair.client, { channel: 'new' });
    pair.settle();
    pair.cut();
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(10);
    checkEnd(pair);
  });
});
