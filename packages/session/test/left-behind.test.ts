import { expect, test } from 'vitest';
import { Pair } from './pair.ts';

test('a message that is in doubt while the peer may hold it keeps its place in the window', () => {
  const pair = new Pair(
    { client: { settleGraceMs: 100 }, server: { windowMessages: 1 } },
    { server: { isVolatile: false } },
  );
  pair.server.commitMs = 20_000;
  pair.connect();
  const first = pair.send(pair.client, { ttlMs: 100 });
  pair.advance(1_000);
  expect(pair.client.settlements.get(first)?.status).toBe('inDoubt');
  const second = pair.send(pair.client);
  pair.advance(15_000);
  expect(pair.client.frames.filter(({ kind }) => kind === 'message')).toHaveLength(1);
  pair.advance(60_000);
  expect(pair.client.settlements.get(second)?.status).toBe('handled');
  expect([...pair.client.dropped, ...pair.server.dropped]).toEqual([]);
});

test('a message that is in doubt is not counted among those to send, before and after a resume', () => {
  const pair = new Pair(
    { client: { settleGraceMs: 100 }, server: { windowMessages: 1 } },
    { server: { isVolatile: false } },
  );
  pair.server.commitMs = 20_000;
  pair.connect();
  pair.send(pair.client, { ttlMs: 100 });
  pair.advance(1_000);
  const queued = (): number => pair.client.session.stats(pair.nowMs).queued;
  expect(queued()).toBe(0);
  pair.cut();
  pair.connect();
  pair.advance(10);
  expect(queued()).toBe(0);
  pair.send(pair.client, { channel: 'other' });
  pair.advance(100_000);
  expect(queued()).toBe(0);
  expect(pair.client.session.unsettledCount).toBe(0);
});
