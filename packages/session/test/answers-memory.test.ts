import { describe, expect, test } from 'vitest';
import { LIMITS } from '@wilco/protocol';
import { HANDLED, Pair } from './pair.ts';

describe('answers that the peer does not acknowledge', () => {
  test('are bounded, of whatever kind: what comes beyond waits, and fills the window', () => {
    const answerBytes = 100 * LIMITS.messageOverheadBytes;
    const pair = new Pair({ server: { answerBytes, windowMessages: 16, windowMessagesMax: 16 } });
    pair.connect();
    pair.inject(pair.server, {
      kind: 'types',
      types: [{ number: 1, name: 't' }],
      channels: [],
    });
    let seq = 0;
    // Each has no time left, so that none needs a handler, only an answer.
    while (pair.server.dropped.length === 0 && seq < 10_000) {
      seq += 1;
      pair.inject(pair.server, {
        kind: 'message',
        channel: 1,
        seq,
        type: 1,
        ttlMs: 0,
        isResent: false,
        ackNow: false,
        totalBytes: undefined,
        id: undefined,
        extensions: [],
        payload: new Uint8Array(0),
      });
    }
    expect(pair.server.dropped.map(({ code }) => code)).toEqual(['WILCO_WINDOW_EXCEEDED']);
    expect(seq).toBeLessThan(100 + 16 + 2);
  });

  test('let withdrawn and expired messages wait, and end them as soon as there is room', () => {
    const pair = new Pair({ server: { answerBytes: 1 } });
    pair.server.respond = undefined;
    pair.connect();
    const first = pair.send(pair.client);
    const others = [0, 1, 2].map(() => pair.send(pair.client, { ttlMs: 5 }));
    const withdrawn = pair.send(pair.client);
    pair.advance(4);
    pair.client.session.cancel(withdrawn);
    pair.advance(100);
    for (const message of others) {
      expect(pair.client.settlements.get(message)?.status).toBe('expired');
    }
    expect(pair.client.settlements.get(withdrawn)?.status).toBe('cancelled');
    const [delivery] = pair.server.deliveries;
    if (delivery === undefined) throw new Error('no handler ran');
    pair.server.session.handlerFinished(delivery, HANDLED, pair.nowMs);
    pair.advance(10);
    expect(pair.client.settlements.get(first)?.status).toBe('handled');
  });
});

test('a reply that was queued when the peer still took larger ones is lost, and its message handled', () => {
  const pair = new Pair();
  pair.server.respond = undefined;
  pair.connect();
  const message = pair.send(pair.client);
  pair.advance(10);
  pair.cut();
  const [delivery] = pair.server.deliveries;
  if (delivery === undefined) throw new Error('no handler ran');
  const reply = { ...HANDLED, outcome: 'reply' as const, payload: new Uint8Array(1_000) };
  pair.server.session.handlerFinished(delivery, reply, pair.nowMs);
  const { session } = pair.client;
  const { opening } = session;
  const announcement = { ...opening.announcement(), maxMessageBytes: 999 };
  const value = Object.assign(opening, { announcement: () => announcement });
  Object.defineProperty(session, 'opening', { value });
  pair.connect();
  pair.advance(10);
  expect(pair.client.dropped).toEqual([]);
  expect(pair.client.settlements.get(message)).toMatchObject({
    status: 'handled',
    isReplyLost: true,
  });
  expect(pair.server.session.isQuiet).toBe(true);
});
