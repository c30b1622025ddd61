import { expect, test } from 'vitest';
import { OutgoingMessage, type IdSource } from '../src/outgoing-message.ts';
import { Pair } from './pair.ts';

const MIB = 1024 * 1024;
const WIDE = { windowBytes: 64 * MIB, windowBytesMax: 64 * MIB, windowMessages: 1_024 };

test('a message that moved counts nothing of the session that it comes from', () => {
  const old = new Pair({ server: WIDE });
  old.connect();
  for (let i = 0; i < 100; i++) old.send(old.client, { bytes: new Uint8Array(60_000) });
  old.advance(5_000);
  old.server.respond = undefined;
  const moved = old.send(old.client);
  old.advance(5_000);
  old.cut();
  expect(old.client.session.surrender(old.nowMs)).toHaveLength(1);

  const pair = new Pair({ server: WIDE });
  pair.latencyMs = 500;
  pair.client.session.resubmit(moved, true, pair.nowMs);
  pair.client.session.cancel(moved);
  pair.connect();
  pair.advance(2_000);
  const before = writtenBytes(pair);
  for (let i = 0; i < 100; i++) pair.send(pair.client, { bytes: new Uint8Array(60_000) });
  pair.advance(10);
  expect(writtenBytes(pair) - before).toBeLessThan(1.25 * MIB);
  expect(pair.client.session.stats(pair.nowMs)).toMatchObject({ sent: 101, unsettled: 100 });
});

test.each([
  ['of its time to live', 5_000, 'WILCO_EXPIRED'],
  ['of its age', undefined, 'WILCO_RETENTION_OVER'],
])('a message that was asked back because %s moves, and ends for that reason', (_, ttlMs, code) => {
  const old = new Pair({ client: { retentionMs: 5_000, settleGraceMs: 60_000 } });
  old.server.respond = undefined;
  old.connect();
  const moved = old.send(old.client, { ttlMs });
  old.advance(10);
  old.cut();
  old.advance(6_000);
  expect(moved).toMatchObject({ isExpiring: true, isCancelRequested: true });
  old.client.session.surrender(old.nowMs);

  const pair = new Pair({ client: { retentionMs: 5_000 } });
  pair.advance(old.nowMs);
  pair.client.session.resubmit(moved, false, pair.nowMs);
  pair.advance(1);
  expect(pair.client.settlements.get(moved)).toMatchObject({ code });
});

test('a message that was given no id keeps the first one, wherever it moves', () => {
  const old = new Pair();
  old.connect();
  old.send(old.client);
  old.advance(10);
  old.cut();
  const moved = old.send(old.client);
  const { id } = moved;
  expect(id).toMatch(/\.c\.default\.2$/);
  old.client.session.surrender(old.nowMs);

  const pair = new Pair();
  pair.connect();
  pair.client.session.resubmit(moved, false, pair.nowMs);
  expect(moved).toMatchObject({ seq: 1, id });
});

test('a message of a session without a name keeps its id when the session gets one', () => {
  const source: { id: string | undefined; setting: IdSource['setting'] } = {
    id: undefined,
    setting: { storeKey: 'k'.repeat(32), role: 'client' },
  };
  const message = new OutgoingMessage({
    type: 't',
    channelName: 'default',
    receipt: undefined,
    id: source,
    isIdExplicit: true,
    payload: Uint8Array.of(1),
    isResent: false,
    queuedAtMs: 0,
    expiresAtMs: Infinity,
    answer: undefined,
  });
  message.seq = 7;
  message.keepId();
  source.id = 'f'.repeat(32);
  expect(message.id).toBe(`${'k'.repeat(32)}.c.default.7`);
});

function writtenBytes({ client }: Pair): number {
  let bytes = 0;
  for (const frame of client.frames) if (frame.kind === 'message') bytes += frame.payload.length;
  return bytes;
}
