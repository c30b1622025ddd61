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
