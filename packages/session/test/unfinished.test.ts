import { describe, expect, test } from 'vitest';
import { WindowBudget, type SessionOptions } from '../src/index.ts';
import { checkEnd } from './history.ts';
import { HANDLED, Pair, type GivenSide } from './pair.ts';

const LARGE = new Uint8Array(1_000);
/** Four messages and 200 bytes in a session, one and 100 in a channel. */
const TINY: SessionOptions = {
  windowMessages: 1,
  windowMessagesMax: 1,
  windowBytes: 100,
  windowBytesMax: 100,
};

/** A server that lets no large message come further than its first part, until it is told to. */
function startPair(client: GivenSide = {}): { pair: Pair; budget: WindowBudget; free: () => void } {
  const budget = new WindowBudget(10_000);
  const pair = new Pair({ server: TINY }, { client, server: { budget } });
  pair.reconnectMs = 5;
  const takenBytes = budget.freeBytes;
  budget.reserve(takenBytes);
  return { pair, budget, free: () => budget.release(takenBytes) };
}

/** All channels but the last one are urgent. */
const slowLast: GivenSide = {
  channelOf: (name) => ({ weight: 1, isUrgent: name !== 'a' }),
};

/** Names the channels, so that the last one is looked at last. */
function openChannels(pair: Pair): void {
  pair.connect();
  for (const channel of ['b', 'c', 'd', 'e', 'a']) pair.send(pair.client, { channel });
  pair.advance(50);
}

describe('the first part of an unfinished message', () => {
  test('takes its place in the window: whoever begins more ends the connection', () => {
    const { pair, free } = startPair();
    pair.connect();
    for (const channel of ['a', 'b', 'c', 'd', 'e']) {
      pair.send(pair.client, { channel, bytes: LARGE });
    }
    pair.advance(50);
    const begun = pair.client.frames.filter(({ kind }) => kind === 'message');
    expect(begun).toHaveLength(4);
    const [first] = begun;
    if (first?.kind !== 'message') throw new Error('nothing was begun');
    pair.inject(pair.server, { ...first, channel: 1 });
    expect(pair.server.dropped.map(({ code }) => code)).toEqual(['WILCO_WINDOW_EXCEEDED']);
    free();
    pair.advance(60_000);
    checkEnd(pair);
  });

  test('keeps its place when it is withdrawn, until the peer has let go of it', () => {
    const { pair, free } = startPair(slowLast);
    openChannels(pair);
    const messages = ['a', 'b', 'c', 'd'].map((channel) =>
      pair.send(pair.client, { channel, bytes: LARGE }),
    );
    pair.advance(50);
    if (messages[0] !== undefined) pair.client.session.cancel(messages[0]);
    pair.send(pair.client, { channel: 'e', bytes: LARGE });
    pair.advance(50);
    expect(pair.server.dropped).toEqual([]);
    free();
    pair.advance(60_000);
    checkEnd(pair);
  });

  test('keeps its place over a resume, ahead of what other channels have to send', () => {
    const { pair, free } = startPair(slowLast);
    openChannels(pair);
    pair.send(pair.client, { channel: 'a', bytes: LARGE });
    pair.advance(50);
    pair.cut();
    for (const channel of ['b', 'c', 'd', 'e']) pair.send(pair.client, { channel, bytes: LARGE });
    pair.advance(50);
    expect(pair.server.dropped).toEqual([]);
    free();
    pair.advance(60_000);
    checkEnd(pair);
  });

  test('keeps its place over a resume when it is withdrawn meanwhile', () => {
    const { pair, free } = startPair(slowLast);
    openChannels(pair);
    const first = pair.send(pair.client, { channel: 'a', bytes: LARGE });
    pair.advance(50);
    pair.cut();
    pair.client.session.cancel(first);
    for (const channel of ['b', 'c', 'd', 'e']) pair.send(pair.client, { channel, bytes: LARGE });
    pair.advance(50);
    expect(pair.server.dropped).toEqual([]);
    expect(pair.client.session.stats(pair.nowMs)).toMatchObject({ unsettled: 4, queued: 0 });
    free();
    pair.advance(60_000);
    checkEnd(pair);
  });

  test('keeps its place when it is withdrawn by a process that comes back from its store', () => {
    const { pair, free } = startPair({ ...slowLast, isVolatile: false });
    openChannels(pair);
    const first = pair.send(pair.client, { channel: 'a', bytes: LARGE });
    pair.advance(50);
    pair.reconnectMs = undefined;
    pair.cut();
    pair.client.session.cancel(first);
    pair.client.session.flush(pair.nowMs, true);
    pair.advance(10);
    pair.client.restart();
    for (const channel of ['b', 'c', 'd', 'e']) pair.send(pair.client, { channel, bytes: LARGE });
    pair.advance(10);
    pair.connect();
    pair.advance(50);
    expect(pair.server.dropped).toEqual([]);
    expect(pair.client.session.unsettledCount).toBe(4);
    free();
    pair.advance(60_000);
    expect(pair.client.session.stats(pair.nowMs)).toMatchObject({ unsettled: 0, inFlight: 0 });
  });

  test('is given back with the message, however that ends', () => {
    const { pair, budget } = startPair();
    pair.server.respond = () => HANDLED;
    pair.connect();
    const used = budget.reservedBytes;
    // More than a channel holds at a time.
    for (let i = 0; i < 70; i++) {
      const message = pair.send(pair.client, { channel: 'a', bytes: LARGE });
      pair.advance(50);
      pair.client.session.cancel(message);
      pair.advance(50);
    }
    for (let i = 0; i < 8; i++) pair.send(pair.client, { channel: 'a' });
    pair.advance(1_000);
    expect(budget.reservedBytes).toBe(used);
    expect(pair.server.session.stats(pair.nowMs)).toMatchObject({ received: 8 });
    expect(pair.server.dropped).toEqual([]);
    checkEnd(pair);
  });
});
