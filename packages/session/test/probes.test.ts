import type { FrameKind } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import { checkEnd } from './history.ts';
import { HANDLED, Pair, reply } from './pair.ts';

function timesOf(pair: Pair, what: string): number[] {
  return pair.trace.filter((line) => line.endsWith(what)).map((line) => Number(line.split(' ')[0]));
}

describe('a probe', () => {
  test('asks a peer that holds the ACK back, again and again with doubled patience', () => {
    const pair = new Pair({}, { server: { isVolatile: false } });
    pair.server.commitMs = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.advance(29_000);
    expect(timesOf(pair, 'client → probe').slice(0, 5)).toEqual([
      1_000, 1_400, 2_200, 3_800, 7_000,
    ]);
    // On a reliable connection nothing is sent twice, however long the peer stalls.
    expect(pair.client.frames.filter(({ kind }) => kind === 'message')).toHaveLength(1);
    expect(pair.isConnected).toBe(true);
    pair.server.commitMs = 5;
    pair.server.completeCommit();
    pair.advance(100);
    checkEnd(pair);
  });

  test('finds a slow handler alive, however long it takes', () => {
    const pair = new Pair({ server: { handlerTimeoutMs: 10_000_000 } });
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    pair.advance(3_600_000);
    expect(pair.isConnected).toBe(true);
    expect(pair.server.handledSeqs()).toEqual([1]);
    expect(pair.client.session.stats(pair.nowMs).repeats).toBe(0);
  });

  test('is answered with all that the peer holds, ahead of data', () => {
    const pair = new Pair();
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    pair.send(pair.server);
    pair.takeTrace();
    pair.inject(pair.server, { kind: 'probe', nonce: 7, written: 2 });
    expect(pair.takeTrace()).toEqual([
      'server → ack 0:1/1 1:2/2',
      'server → probeAck',
      'server → types',
      'server → message #1',
    ]);
    expect(pair.server.frames.find(({ kind }) => kind === 'probeAck')).toMatchObject({
      nonce: 7,
      seen: 2,
    });
  });

  test('with an unknown nonce in its answer is ignored', () => {
    const pair = new Pair();
    pair.connect();
    pair.inject(pair.client, { kind: 'probeAck', nonce: 99, seen: 1_000 });
    expect(pair.client.dropped).toEqual([]);
  });

  test('that counts frames which were never written is a fault of the peer', () => {
    const pair = new Pair();
    pair.connect();
    pair.send(pair.client);
    pair.advance(10);
    pair.inject(pair.server, { kind: 'ping', written: 1 });
    expect(pair.server.dropped.map(({ code }) => code)).toEqual(['WILCO_FRAME_UNEXPECTED']);
  });
});

describe('a frame that something on the way has eaten is found, and what it said comes again', () => {
  const kinds: readonly FrameKind[] = [
    'types',
    'message',
    'fragment',
    'void',
    'cancel',
    'ack',
    'answer',
    'ping',
    'probe',
    'probeAck',
  ];

  test.each(kinds)('%s', (kind) => {
    const pair = new Pair();
    pair.reconnectMs = 10;
    pair.server.respond = ({ seq }) => (seq === 2 ? undefined : reply(seq));
    let eaten = 0;
    pair.fate = (frame) => (frame.kind === kind && eaten++ === 0 ? 'lose' : 'pass');
    pair.connect();
    const doomed = pair.send(pair.client);
    pair.client.session.cancel(doomed);
    pair.send(pair.client, { channel: 'two' });
    const blocked = pair.send(pair.client);
    const wanted = pair.send(pair.client);
    pair.send(pair.client, { bytes: new Uint8Array(100_000) });
    pair.at(20_000, () => {
      pair.client.session.cancel(wanted);
    });
    pair.advance(60_000);
    for (const delivery of pair.server.deliveries) {
      pair.server.session.handlerFinished(delivery, HANDLED, pair.nowMs);
    }
    pair.advance(60_000);
    expect(eaten).toBeGreaterThan(0);
    expect(pair.client.settlements.get(wanted)?.status).toBe('cancelled');
    expect(pair.client.settlements.get(blocked)?.status).toBe('handled');
    checkEnd(pair);
  });
});

describe('the two clocks', () => {
  test('silence: no byte for the announced wait ends the connection, and nothing sooner does', () => {
    const pair = new Pair({ client: { waitMs: 5_000 } });
    pair.connect();
    pair.advance(10);
    pair.fate = () => 'lose';
    pair.advance(4_989);
    expect(pair.isConnected).toBe(true);
    pair.advance(1);
    expect(pair.client.dropped.map(({ code }) => code)).toEqual(['WILCO_PEER_SILENT']);
  });

  test('no progress: bytes come in, and nothing that waits for the peer moves', () => {
    const pair = new Pair({ client: { waitMs: 5_000 } });
    pair.connect();
    pair.fate = (frame, from) => (from === pair.client || frame.kind !== 'ping' ? 'lose' : 'pass');
    // A peer that only pings, and says the right counts.
    pair.send(pair.client);
    pair.advance(4_999);
    expect(pair.isConnected).toBe(true);
    pair.advance(1);
    expect(pair.client.dropped.map(({ code }) => code)).toEqual(['WILCO_NO_PROGRESS']);
  });

  test('are not moved by what this side writes', () => {
    const pair = new Pair({ client: { waitMs: 5_000 } });
    pair.connect();
    pair.fate = (_frame, from) => (from === pair.client ? 'lose' : 'pass');
    for (let ms = 0; ms < 4_900; ms += 100) {
      pair.send(pair.client);
      pair.advance(100);
    }
    expect(pair.isConnected).toBe(true);
    pair.advance(101);
    expect(pair.client.dropped.map(({ code }) => code)).toEqual(['WILCO_NO_PROGRESS']);
  });

  test.each([100, 500, 5_000, 25_000])(
    'of %i ms leave a blocked sender and a slow disk of a healthy peer alone',
    (waitMs) => {
      const options = { waitMs, storeTimeoutMs: 10_000_000 };
      const pair = new Pair(
        { client: options, server: options },
        { server: { isVolatile: false } },
      );
      pair.server.commitMs = undefined;
      pair.connect();
      for (let i = 0; i < 100; i++) pair.send(pair.client);
      pair.advance(40 * waitMs);
      expect(pair.isConnected).toBe(true);
    },
  );
});

describe('a heartbeat', () => {
  test('comes when nothing else is written, at least every 40 % of what the peer waits', () => {
    const pair = new Pair({ client: { heartbeatMs: 10_000 }, server: { waitMs: 1_000 } });
    pair.connect();
    pair.advance(2_000);
    expect(timesOf(pair, 'client → ping')).toEqual([400, 800, 1_200, 1_600, 2_000]);
    expect(timesOf(pair, 'server → ping')).toEqual([]);
  });

  test('does not come while other things are written', () => {
    const pair = new Pair({ client: { heartbeatMs: 1_000 }, server: { heartbeatMs: 1_000 } });
    pair.connect();
    for (let i = 0; i < 100; i++) {
      pair.send(pair.client);
      pair.advance(100);
    }
    expect(timesOf(pair, 'ping')).toEqual([]);
  });
});

describe('a process that slept', () => {
  test('gives the peer one answer period, asks, and lives on where the peer does', () => {
    const pair = new Pair({ client: { waitMs: 5_000 }, server: { waitMs: 60_000 } });
    pair.connect();
    pair.advance(100);
    pair.takeTrace();
    pair.sleep(50_000);
    pair.advance(100);
    expect(pair.takeTrace()[0]).toBe('client → probe');
    expect(pair.isConnected).toBe(true);
    pair.advance(60_000);
    expect(pair.isConnected).toBe(true);
  });

  test('ends the connection after that period where the peer is gone', () => {
    const pair = new Pair({ client: { waitMs: 5_000 }, server: { waitMs: 60_000 } });
    pair.connect();
    pair.advance(100);
    pair.fate = () => 'lose';
    pair.sleep(50_000);
    pair.advance(1_999);
    expect(pair.isConnected).toBe(true);
    pair.advance(2);
    expect(pair.isConnected).toBe(false);
  });
});

describe('frames that have no place', () => {
  test('end the connection: credentials from a server, and anything of the opening', () => {
    const credentials = { kind: 'credentials', credentials: Uint8Array.of(1) } as const;
    const pair = new Pair();
    pair.connect();
    pair.inject(pair.server, credentials);
    expect(pair.trace.at(-1)).toBe('0 server gets credentials');
    pair.inject(pair.client, credentials);
    expect(pair.client.dropped.map(({ code }) => code)).toEqual(['WILCO_FRAME_UNEXPECTED']);
    const other = new Pair();
    other.connect();
    other.inject(other.client, { kind: 'refuse', code: 'X', reason: '', retryAfterMs: undefined });
    expect(other.client.dropped.map(({ code }) => code)).toEqual(['WILCO_FRAME_UNEXPECTED']);
  });

  test('end it with the code that names the rule: a type, a channel, a gap, a number told twice', () => {
    const types = (number: number, name: string, isChannel = false) =>
      ({
        kind: 'types',
        types: isChannel ? [] : [{ number, name }],
        channels: isChannel ? [{ number, name }] : [],
      }) as const;
    const message = (channel: number, seq: number, type: number) =>
      ({
        kind: 'message',
        channel,
        seq,
        type,
        ttlMs: undefined,
        id: undefined,
        isResent: false,
        ackNow: false,
        totalBytes: undefined,
        extensions: [],
        payload: Uint8Array.of(1),
      }) as const;
    const cases = [
      [[message(1, 1, 5)], 'WILCO_FRAME_UNEXPECTED'],
      [[types(0, 't'), message(9, 1, 0)], 'WILCO_CHANNEL_UNKNOWN'],
      [[types(0, 't'), message(1, 2, 0)], 'WILCO_FRAME_LOST'],
      [[types(0, 't'), types(0, 'u')], 'WILCO_FRAME_UNEXPECTED'],
      [[types(0, 'answers', true)], 'WILCO_CHANNEL_UNKNOWN'],
      [[types(1, 'other', true)], 'WILCO_CHANNEL_UNKNOWN'],
      [[types(2, 'a', true), types(2, 'b', true)], 'WILCO_CHANNEL_UNKNOWN'],
      [[types(64, 'a', true)], 'WILCO_CHANNEL_UNKNOWN'],
      [[{ kind: 'cancel', channel: 3, seq: 1 }], 'WILCO_CHANNEL_UNKNOWN'],
      [
        [{ kind: 'fragment', channel: 1, seq: 1, offset: 1, payload: Uint8Array.of(1) }],
        'WILCO_FRAME_UNEXPECTED',
      ],
    ] as const;
    for (const [frames, code] of cases) {
      const pair = new Pair();
      pair.connect();
      for (const frame of frames) pair.inject(pair.server, frame);
      expect(pair.server.dropped.map((error) => error.code)).toEqual([code]);
    }
  });
});
