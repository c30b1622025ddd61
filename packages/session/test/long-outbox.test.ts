import { describe, expect, test } from 'vitest';
import { Pair, reply, type GivenSide } from './pair.ts';

const STORED: GivenSide = { isVolatile: false };

interface Given {
  readonly ttlMs?: number;
  readonly outboxHeadMessages?: number;
  readonly outboxHeadBytes?: number;
}

/** A client that has queued so many messages without a connection, each with its number in it. */
function offline(count: number, { ttlMs, ...head }: Given = {}): Pair {
  const pair = new Pair({ client: { ...LONG, ...head } }, { client: STORED });
  for (let i = 0; i < count; i++) {
    pair.send(pair.client, { bytes: numbered(i), ttlMs });
    if (i % 1_000 === 0) pair.settle();
  }
  pair.settle();
  pair.advance(0);
  return pair;
}

const LONG = { outboxMessages: 1_000_000, retentionMs: 3_600_000 };

function numbered(value: number): Uint8Array {
  return Uint8Array.of(value >> 16, value >> 8, value);
}

function inMemory(pair: Pair): number {
  return pair.client.sent.filter(({ message }) => message.payload.byteLength > 0).length;
}

describe('an outbox that is longer than its head', () => {
  test('keeps the payload of the head in memory and of the others only on the disk', () => {
    const pair = offline(20_000, { outboxHeadMessages: 5_000 });
    expect(inMemory(pair)).toBe(5_000);
    expect(pair.client.session.unsettledCount).toBe(20_000);
    expect(pair.client.queuedMessages.size).toBe(20_000);
    expect(pair.client.shelved.size).toBe(15_000);
  });

  test.for([
    [3_000, 1_000],
    [4, 2],
  ] as const)(
    'keeps no more bytes of its head in memory than it may, and at least one message: %i',
    ([bytes, messages]) => {
      const pair = offline(2_000, { outboxHeadBytes: bytes });
      expect(inMemory(pair)).toBe(messages);
    },
  );

  test('is handled whole, once and in order, while more is sent', () => {
    const pair = offline(20_000);
    pair.connect();
    for (let i = 0; i < 300; i++) {
      pair.advance(1);
      for (let j = 0; j < 10; j++) pair.send(pair.client, { bytes: numbered(20_000 + i * 10 + j) });
    }
    pair.advance(60_000);
    expect(pair.client.session.unsettledCount).toBe(0);
    expect(pair.server.handledSeqs()).toEqual(Array.from({ length: 23_000 }, (_, i) => i + 1));
    expect(pair.client.settlements.size).toBe(23_000);
    expect(pair.client.shelved.size).toBe(0);
    expect(pair.client.store.contents('client', '').outgoing).toEqual([]);
  });

  test('goes on after a restart that has read the head only, whatever the peer has meanwhile', () => {
    const pair = offline(12_000);
    pair.client.store.headMessages = 10;
    pair.connect();
    pair.server.respond = ({ seq }) => (seq % 3 === 0 ? undefined : reply(1));
    pair.advance(3);
    pair.cut();
    pair.client.restart();
    pair.client.readMs = 2;
    pair.server.respond = undefined;
    for (const delivery of pair.server.deliveries) {
      if (delivery.seq % 3 === 0)
        pair.server.session.handlerFinished(delivery, reply(2), pair.nowMs);
    }
    pair.server.respond = () => reply(3);
    pair.connect();
    pair.advance(60_000);
    expect(pair.client.session.unsettledCount).toBe(0);
    expect(pair.server.handledSeqs()).toEqual(Array.from({ length: 12_000 }, (_, i) => i + 1));
  });

  test('takes a message back that is on the disk only, and says so on the wire in its place', () => {
    const pair = offline(10_000);
    const { message } = pair.client.sent[9_000] as (typeof pair.client.sent)[number];
    pair.client.session.cancel(message);
    pair.settle();
    pair.advance(0);
    expect(pair.client.settlements.get(message)).toMatchObject({ code: 'WILCO_CANCELLED' });
    expect(pair.client.reads).toEqual([]);
    pair.connect();
    pair.advance(60_000);
    expect(pair.client.session.unsettledCount).toBe(0);
    expect(pair.server.handledSeqs()).not.toContain(9_001);
    expect(pair.server.handledSeqs()).toHaveLength(9_999);
  });

  test('does not send what was taken back while it was being read', () => {
    const pair = offline(10_000);
    pair.client.readsEarly = true;
    pair.client.readMs = 5;
    pair.connect();
    while (pair.client.reads.length === 0) pair.advance(1);
    const { message } = pair.client.sent[4_096] as (typeof pair.client.sent)[number];
    pair.client.session.cancel(message);
    pair.advance(60_000);
    expect(pair.client.settlements.get(message)).toMatchObject({ status: 'cancelled' });
    expect(pair.server.handledSeqs()).not.toContain(4_097);
    expect(pair.client.session.unsettledCount).toBe(0);
  });

  test('ends what expires on the disk, by reading it, and nothing else', () => {
    const pair = offline(9_000);
    for (let i = 0; i < 3_000; i++) {
      pair.send(pair.client, { bytes: numbered(i), ttlMs: i % 2 === 0 ? 10_000 : 90_000 });
    }
    pair.settle();
    pair.advance(10_001);
    expect(pair.client.session.unsettledCount).toBe(10_500);
    const fates = [...pair.client.settlements.values()].map(
      ({ status, code }) => `${status} ${code}`,
    );
    expect(new Set(fates)).toEqual(new Set(['expired WILCO_EXPIRED']));
    pair.connect();
    pair.advance(60_000);
    expect(pair.server.handledSeqs()).toHaveLength(10_500);
    expect(pair.client.session.unsettledCount).toBe(0);
  });

  test('ends what is too old on the disk after a restart: in doubt, since it may have been written', () => {
    const pair = offline(10_000, { ttlMs: 10_000 });
    pair.client.store.headMessages = 10;
    pair.client.restart();
    pair.advance(60_000);
    expect(pair.client.session.unsettledCount).toBe(0);
    const fates = [...pair.client.settlements.values()].map(
      ({ status, code }) => `${status} ${code}`,
    );
    expect(new Set(fates)).toEqual(new Set(['inDoubt WILCO_EXPIRED']));
    expect(fates).toHaveLength(10_000);
  });
});
