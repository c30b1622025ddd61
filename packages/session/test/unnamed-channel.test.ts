import { expect, test } from 'vitest';
import { Pair } from './pair.ts';

test('a channel that no ACK has named yet may use the window that the protocol gives it, however small the option', () => {
  const pair = new Pair({ server: { windowMessages: 1, windowBytes: 100 } });
  pair.server.respond = () => undefined;
  for (let i = 0; i < 10; i++) pair.send(pair.client, { channel: 'new' });
  pair.connect();
  pair.advance(1_000);
  expect(pair.server.dropped).toEqual([]);
  expect(pair.client.dropped).toEqual([]);
});

test('a channel that is not named yet may use what the window of the session has grown to', () => {
  const pair = new Pair(
    { server: { windowMessages: 4, windowBytes: 100 } },
    { server: { isVolatile: false } },
  );
  pair.server.commitMs = 5_000;
  pair.connect();
  for (let i = 0; i < 6; i++) pair.send(pair.client, { bytes: new Uint8Array(40) });
  pair.advance(6_000);
  pair.send(pair.client, { channel: 'new', bytes: new Uint8Array(90) });
  pair.advance(6_010);
  for (let i = 0; i < 20; i++) pair.send(pair.client, { bytes: new Uint8Array(40) });
  for (let i = 0; i < 6; i++) pair.send(pair.client, { channel: 'new', bytes: new Uint8Array(90) });
  pair.advance(120_000);
  expect([...pair.client.dropped, ...pair.server.dropped]).toEqual([]);
  expect(pair.client.session.unsettledCount).toBe(0);
});
