import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WindowBudget } from '../src/index.ts';
import { checkEnd, checkHistory } from './history.ts';
import { HANDLED, Pair, type Side } from './pair.ts';

function finish(side: Side, index: number): void {
  const delivery = side.deliveries[index];
  if (delivery === undefined) throw new Error(`handler ${String(index)} did not run`);
  side.session.handlerFinished(delivery, HANDLED, 0);
}

describe('a window', () => {
  test('of one message lets one pass at a time', () => {
    const pair = new Pair({ server: { windowMessages: 1, windowMessagesMax: 1 } });
    pair.connect();
    for (let i = 0; i < 3; i++) pair.send(pair.client);
    pair.advance(20);
    expect(pair.takeTrace().filter((line) => line.includes('→'))).toEqual([
      'client → types',
      'client → message #1',
      'server → ack 1:2/2',
      'client → message #2',
      'server → ack 1:3/3',
      'client → message #3',
      'server → ack 1:4/4',
    ]);
    checkEnd(pair);
  });

  test('is never exceeded, whatever its size, the messages and the handlers', () => {
    const given = fc.record({
      messages: fc.integer({ min: 1, max: 8 }),
      bytes: fc.integer({ min: 1, max: 40_000 }),
      sizes: fc.array(fc.tuple(fc.integer({ min: 0, max: 30_000 }), fc.nat(2)), { maxLength: 30 }),
      cutEvery: fc.option(fc.integer({ min: 2, max: 40 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(given, ({ messages, bytes, sizes, cutEvery }) => {
        // The model of the windows throws at the first message too many.
        const server = { windowMessages: messages, windowBytes: bytes };
        const pair = new Pair({ server });
        pair.reconnectMs = 3;
        pair.fate = (_frame, _from, index) =>
          cutEvery !== undefined && index % cutEvery === 0 && index < 400 ? 'cut' : 'pass';
        pair.connect();
        for (const [size, channel] of sizes) {
          const name = ['default', 'two', 'three'][channel] ?? 'default';
          pair.send(pair.client, { bytes: new Uint8Array(size), channel: name });
        }
        pair.advance(600_000);
        checkEnd(pair);
      }),
      { numRuns: 60 },
    );
  });

  test('holds one unsettled message and lets others of another channel pass by thousands', () => {
    const pair = new Pair();
    pair.server.respond = ({ channelName }) => (channelName === 'stuck' ? undefined : HANDLED);
    pair.connect();
    const stuck = pair.send(pair.client, { channel: 'stuck' });
    for (let i = 0; i < 3_000; i++) pair.send(pair.client);
    pair.advance(2_000);
    expect(pair.client.session.unsettledCount).toBe(1);
    expect(pair.client.settlements.get(stuck)).toBeUndefined();
  });

  test('that a stuck channel has used up leaves others their own', () => {
    const pair = new Pair();
    pair.server.respond = ({ channelName }) => (channelName === 'stuck' ? undefined : HANDLED);
    pair.connect();
    for (let i = 0; i < 100; i++) {
      pair.send(pair.client, { channel: 'stuck', bytes: new Uint8Array(10_000) });
    }
    for (let i = 0; i < 100; i++) pair.send(pair.client, { bytes: new Uint8Array(200_000) });
    pair.advance(10_000);
    expect(pair.client.session.unsettledCount).toBe(100);
  });

  test('is not held by one unsettled message among others that run beside it', () => {
    const pair = new Pair({}, { server: { concurrencyOf: () => 2 } });
    pair.server.respond = ({ seq }) => (seq === 1 ? undefined : HANDLED);
    pair.connect();
    for (let i = 0; i < 3_000; i++) pair.send(pair.client);
    pair.advance(5_000);
    expect(pair.client.session.unsettledCount).toBe(1);
    finish(pair.server, 0);
    pair.advance(100);
    checkEnd(pair);
  });

  test('grows while it is used up, and begins small again on the next connection', () => {
    const pair = new Pair({ client: { outboxMessages: 100_000 } });
    pair.connect();
    for (let i = 0; i < 10_000; i++) pair.send(pair.client, { bytes: new Uint8Array(1_000) });
    pair.advance(10_000);
    checkEnd(pair);
    const windows = pair.server.frames.flatMap((one) => (one.kind === 'ack' ? [one.window] : []));
    expect(windows[0]).toEqual({ messages: 256, bytes: 131_072 });
    expect(Math.max(...windows.map(({ bytes }) => bytes))).toBeGreaterThan(1_000_000);
    pair.cut();
    expect(pair.server.session.opening.fullAck(pair.nowMs).window).toEqual({
      messages: 256,
      bytes: 131_072,
    });
  });

  test('that the peer exceeds ends the connection', () => {
    const pair = new Pair({ server: { windowMessages: 1, windowMessagesMax: 1 } });
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    const [frame] = pair.client.frames.filter(({ kind }) => kind === 'message');
    if (frame?.kind !== 'message') throw new Error('nothing was sent');
    pair.inject(pair.server, { ...frame, seq: 2 });
    expect(pair.server.dropped.map(({ code }) => code)).toEqual(['WILCO_WINDOW_EXCEEDED']);
  });

  test('of the session holds for a channel that no acknowledgement has named yet', () => {
    const server = { windowBytes: 100, windowBytesMax: 100, windowMessages: 1 };
    const pair = new Pair({ server });
    pair.connect();
    pair.send(pair.client, { channel: 'new', bytes: new Uint8Array(150) });
    pair.send(pair.client, { channel: 'new', bytes: new Uint8Array(50) });
    pair.advance(1_000);
    expect(pair.server.dropped).toEqual([]);
    checkEnd(pair);
  });

  test('that blocks the sender makes it ask, and a peer that answers is not dead', () => {
    const pair = new Pair({ server: { windowMessages: 1, windowMessagesMax: 1 } });
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.send(pair.client);
    pair.advance(120_000);
    expect(pair.isConnected).toBe(true);
    expect(pair.client.session.stats(pair.nowMs).probes).toBeGreaterThan(3);
    expect(pair.client.frames.filter(({ kind }) => kind === 'message')).toHaveLength(1);
    finish(pair.server, 0);
    pair.advance(10);
    expect(pair.server.handledSeqs()).toEqual([1, 2]);
  });
});

describe('a large message', () => {
  test('passes through a window that is smaller than itself, and no window is too small', () => {
    for (const windowBytes of [1, 2, 1_000, 65_535]) {
      const pair = new Pair({ server: { windowBytes, windowBytesMax: windowBytes } });
      pair.connect();
      pair.send(pair.client, { bytes: Uint8Array.from({ length: 70_000 }, (_, i) => i) });
      pair.send(pair.client, { bytes: new Uint8Array(0) });
      pair.advance(100);
      checkEnd(pair);
    }
  });

  test('of 16 MiB comes through a tiny window, whole', () => {
    const pair = new Pair({ server: { windowBytes: 100, windowBytesMax: 100, windowMessages: 1 } });
    pair.connect();
    pair.send(pair.client, { bytes: Uint8Array.from({ length: 2 ** 24 }, (_, i) => i % 253) });
    pair.advance(1_000);
    expect(pair.server.taken).toHaveLength(1);
    checkEnd(pair);
  });

  test('lets other channels pass between its fragments', () => {
    const pair = new Pair();
    pair.connect();
    pair.send(pair.client, { bytes: new Uint8Array(800_000), channel: 'a' });
    pair.send(pair.client, { bytes: new Uint8Array(800_000), channel: 'b' });
    pair.advance(3);
    for (let i = 0; i < 8; i++) pair.send(pair.client, { bytes: new Uint8Array(20_000) });
    pair.advance(100);
    const order = pair.client.frames.flatMap((frame) =>
      frame.kind === 'fragment' || frame.kind === 'message' ? [frame.channel] : [],
    );
    const changes = order.filter((channel, i) => channel !== order[i - 1]).length;
    expect(changes).toBeGreaterThan(10);
    checkEnd(pair);
  });

  test('waits for the budget of the process, and goes on when there is room', () => {
    const budget = new WindowBudget(1_000_000);
    const pair = new Pair(
      { server: { windowBytes: 10_000, windowBytesMax: 10_000, windowMessages: 8 } },
      { server: { budget } },
    );
    const least = budget.reservedBytes;
    pair.connect();
    const taken = 850_000;
    expect(budget.reserve(taken)).toBe(true);
    const message = pair.send(pair.client, { bytes: new Uint8Array(200_000) });
    pair.advance(60_000);
    expect(pair.isConnected).toBe(true);
    expect(pair.client.settlements.size).toBe(0);
    budget.release(taken);
    pair.advance(20);
    expect(pair.client.settlements.get(message)?.status).toBe('handled');
    expect(budget.reservedBytes).toBe(least);
  });

  test('gives its memory back when it is handled, withdrawn, or its session ends', () => {
    const budget = new WindowBudget(1_000_000);
    const pair = new Pair({}, { server: { budget } });
    const least = budget.reservedBytes;
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client, { bytes: new Uint8Array(200_000) });
    pair.advance(20);
    expect(budget.reservedBytes).toBeGreaterThanOrEqual(least + 200_000);
    finish(pair.server, 0);
    pair.cut();
    expect(budget.reservedBytes).toBe(least);
    pair.connect();
    const large = pair.send(pair.client, { bytes: new Uint8Array(200_000) });
    pair.fate = (frame) => (frame.kind === 'message' ? 'cut' : 'pass');
    pair.advance(20);
    expect(budget.reservedBytes).toBeGreaterThanOrEqual(least + 200_000);
    pair.client.session.cancel(large);
    pair.fate = () => 'pass';
    pair.connect();
    pair.advance(20);
    pair.cut();
    expect(budget.reservedBytes).toBe(least);
    pair.advance(500_000);
    expect(pair.server.session.phase).toBe('ended');
    expect(budget.reservedBytes).toBe(0);
  });

  test('in a thousand tiny fragments costs its own size, not a thousand pieces', () => {
    const pair = new Pair();
    pair.connect();
    pair.inject(pair.server, { kind: 'types', types: [{ number: 0, name: 't' }], channels: [] });
    const [first, ...rest] = Array.from({ length: 1_000 }, (_, i) => Uint8Array.of(i));
    pair.inject(pair.server, {
      kind: 'message',
      channel: 1,
      seq: 1,
      type: 0,
      ttlMs: undefined,
      id: undefined,
      isResent: false,
      ackNow: false,
      totalBytes: 1_000,
      extensions: [],
      payload: first ?? new Uint8Array(0),
    });
    rest.forEach((payload, i) => {
      pair.inject(pair.server, { kind: 'fragment', channel: 1, seq: 1, offset: i + 1, payload });
    });
    const bytes = pair.server.deliveries.map(({ attempt }) => attempt);
    expect(bytes).toEqual([1]);
    expect(pair.server.taken[0]?.bytes.startsWith('1000:')).toBe(true);
  });

  test('that says more than this side takes ends the connection before anything is kept of it', () => {
    const pair = new Pair({ server: { maxMessageBytes: 1_000 } });
    pair.connect();
    pair.inject(pair.server, { kind: 'types', types: [{ number: 0, name: 't' }], channels: [] });
    pair.inject(pair.server, {
      kind: 'message',
      channel: 1,
      seq: 1,
      type: 0,
      ttlMs: undefined,
      id: undefined,
      isResent: false,
      ackNow: false,
      totalBytes: 1_001,
      extensions: [],
      payload: Uint8Array.of(1),
    });
    expect(pair.server.dropped.map(({ code }) => code)).toEqual(['WILCO_FRAME_TOO_LARGE']);
  });
});

describe('what a receiver remembers', () => {
  test('is the same for a VOID of one seq and of all of them', () => {
    const pair = new Pair();
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    const to = Number.MAX_SAFE_INTEGER;
    pair.inject(pair.server, { kind: 'void', channel: 1, from: 2, to, reason: 'expired' });
    expect(pair.takeTrace().at(-1)).toBe(`server → ack 1:${String(to)}/1[2,${String(to)}]`);
    finish(pair.server, 0);
    pair.settle();
    expect(pair.takeTrace().at(-1)).toBe(`server → ack 1:${String(to)}/${String(to)}`);
  });

  test('of requests to cancel what never came is forgotten with the VOID in its place', () => {
    const pair = new Pair({ server: { windowMessages: 2, windowMessagesMax: 2 } });
    pair.connect();
    for (let seq = 1; seq <= 10; seq++) {
      pair.inject(pair.server, { kind: 'cancel', channel: 1, seq });
      const to = seq + 1;
      pair.inject(pair.server, { kind: 'void', channel: 1, from: seq, to, reason: 'cancelled' });
    }
    pair.inject(pair.server, { kind: 'cancel', channel: 1, seq: 11 });
    pair.inject(pair.server, { kind: 'types', types: [{ number: 0, name: 't' }], channels: [] });
    pair.inject(pair.server, {
      kind: 'message',
      channel: 1,
      seq: 11,
      type: 0,
      ttlMs: undefined,
      id: undefined,
      isResent: false,
      ackNow: false,
      totalBytes: undefined,
      extensions: [],
      payload: Uint8Array.of(1),
    });
    expect(pair.server.taken).toEqual([]);
    checkHistory(pair);
  });
});

test('extensions of a message take their part of the window, so that many tiny ones do not pass for nothing', () => {
  const pair = new Pair({ server: { windowBytes: 4_096, windowBytesMax: 4_096 } });
  pair.server.respond = undefined;
  pair.connect();
  pair.inject(pair.server, { kind: 'types', types: [{ number: 1, name: 't' }], channels: [] });
  const extensions = Array.from({ length: 16 }, (_, i) => ({
    tag: 64 + 2 * i,
    value: new Uint8Array(1),
  }));
  for (const seq of [1, 2]) {
    pair.inject(pair.server, {
      kind: 'message',
      channel: 1,
      seq,
      type: 1,
      ttlMs: undefined,
      isResent: false,
      ackNow: false,
      totalBytes: undefined,
      id: undefined,
      extensions: seq === 1 ? extensions.slice(1) : extensions,
      payload: new Uint8Array(0),
    });
  }
  expect(pair.server.deliveries).toHaveLength(1);
  expect(pair.server.dropped.map(({ code }) => code)).toEqual(['WILCO_WINDOW_EXCEEDED']);
});
