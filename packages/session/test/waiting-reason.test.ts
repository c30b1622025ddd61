import { expect, test } from 'vitest';
import type { SessionOptions } from '../src/index.ts';
import { HANDLED, Pair, type GivenSide } from './pair.ts';

const ID = '0'.repeat(32);
const FAREWELL = { code: 'WILCO_CLOSED', reason: 'bye', retryAfterMs: undefined } as const;

function durable(given: GivenSide = {}, server: SessionOptions = {}): Pair {
  const sides = { client: { id: ID }, server: { id: ID, isVolatile: false, ...given } };
  const pair = new Pair({ server }, sides);
  pair.server.commitMs = 0;
  pair.server.respond = undefined;
  pair.connect();
  return pair;
}

/** What the server says of a message of the client's, when it is asked. */
function reasonOf(pair: Pair, seq: number, channel = 'default'): string {
  const id = `${ID}.c.${channel}.${String(seq)}`;
  pair.inject(pair.server, { kind: 'status', query: 1, id, ageMs: undefined });
  const answer = pair.server.frames.findLast((frame) => frame.kind === 'statusAck');
  return answer?.kind === 'statusAck' ? `${answer.status}: ${answer.reason}` : '';
}

test('whoever asks is told what a message waits for: the store, others, another attempt, its turn as a suspect', () => {
  const pair = durable({ concurrencyOf: () => 1 });
  pair.server.commitMs = undefined;
  pair.send(pair.client);
  pair.advance(10);
  expect(reasonOf(pair, 1)).toBe('pending: it has come, and the store has not kept it yet');
  pair.server.commitMs = 0;
  while (pair.server.completeCommit());
  pair.send(pair.client);
  pair.advance(20);
  expect(reasonOf(pair, 1)).toMatch(/^pending: its handler runs since \d+ ms$/);
  expect(reasonOf(pair, 2)).toBe(
    'pending: it waits for its handler, behind 1 others, first of all #1',
  );
  const [first] = pair.server.deliveries;
  if (first === undefined) throw new Error('it was started');
  pair.server.session.handlerFinished(first, { outcome: 'notNow', delayMs: 500 }, pair.nowMs);
  expect(reasonOf(pair, 1)).toBe(
    'pending: its handler said "not now", 1 times; another starts in 500 ms',
  );
  expect(reasonOf(pair, 2)).toBe(
    'pending: it waits for its handler, behind 1 others, first of all #1',
  );
});

test('so it is with messages that brought the process down, or may have', () => {
  const pair = durable({ concurrencyOf: () => 4 });
  pair.send(pair.client);
  pair.send(pair.client, { channel: 'two' });
  for (let crash = 0; crash < 2; crash++) {
    pair.advance(10);
    expect(pair.server.deliveries).toHaveLength(2);
    pair.cut();
    pair.server.deliveries.length = 0;
    pair.server.restart();
    pair.connect();
  }
  pair.server.commitMs = undefined;
  pair.advance(10);
  expect(reasonOf(pair, 1, 'two')).toBe(
    'pending: it may have brought the process down, and waits for others of that kind',
  );
});

test('and with those for whose answers there is no room, or for which it is too late', () => {
  const pair = durable({}, { answerBytes: 1 });
  pair.server.respond = ({ channelName }) =>
    channelName === 'two' ? { ...HANDLED, outcome: 'reply', payload: Uint8Array.of(1) } : undefined;
  pair.client.commitMs = undefined;
  pair.send(pair.client, { channel: 'two' });
  pair.latencyMs = 100;
  pair.advance(150);
  pair.send(pair.client);
  pair.send(pair.client);
  pair.advance(101);
  pair.server.session.close({ mode: 'end', ...FAREWELL }, pair.nowMs);
  expect(reasonOf(pair, 2)).toBe('pending: no handler is started here any more');
});
