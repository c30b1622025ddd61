import { LIMITS } from '@wilco/protocol';
import { expect, test } from 'vitest';
import { Pair } from './pair.ts';

const MOST = LIMITS.messageTypes;

test('a session has so many message types, and refuses one more before it takes a seq', () => {
  const pair = new Pair({ client: { outboxMessages: MOST + 2 } });
  for (let i = 0; i < MOST; i++) pair.send(pair.client, { type: `t${String(i)}` });
  expect(() => pair.send(pair.client, { type: 'one more' })).toThrow('WILCO_OPTION_INVALID');
  expect(pair.send(pair.client, { type: 't0' }).seq).toBe(MOST + 1);
});

test('a peer that names more message types than there may be is not remembered for it', () => {
  const pair = new Pair();
  pair.connect();
  const types = Array.from({ length: MOST + 1 }, (_, number) => ({
    number,
    name: `t${String(number)}`,
  }));
  pair.inject(pair.server, { kind: 'types', types, channels: [] });
  expect(pair.server.dropped.map(({ code }) => code)).toEqual(['WILCO_FRAME_UNEXPECTED']);
});
