import { describe, expect, test } from 'vitest';
import { Pair, type Side } from './pair.ts';

const END = {
  mode: 'end',
  code: 'WILCO_SESSION_ENDED',
  reason: '',
  retryAfterMs: undefined,
} as const;

describe('the figures of a session', () => {
  test('tell what is written again after a resume, what came again, and each message once', () => {
    const pair = new Pair();
    pair.connect();
    pair.server.respond = undefined;
    const stats = (side: Side) => side.session.stats(pair.nowMs);
    pair.send(pair.client);
    pair.advance(10);
    pair.fate = () => 'lose';
    pair.send(pair.client);
    pair.send(pair.client);
    pair.advance(10);
    expect(stats(pair.client)).toMatchObject({ sent: 3, inFlight: 3, queued: 0, repeats: 0 });
    pair.fate = () => 'pass';
    pair.cut();
    pair.send(pair.client);
    pair.connect();
    expect(stats(pair.client)).toMatchObject({ sent: 4, inFlight: 4, queued: 0, repeats: 2 });
    expect(stats(pair.client)).toMatchObject({
      connectionsOpened: 2,
      connectionsLost: 1,
      resumes: 1,
    });
    pair.advance(10);
    expect(stats(pair.server)).toMatchObject({
      received: 4,
      handlersRunning: 1,
      handlersWaiting: 3,
      duplicatesDropped: 0,
    });
  });

  test('do not call a connection lost that ends with its session', () => {
    const pair = new Pair();
    pair.connect();
    pair.fate = () => 'lose';
    pair.client.session.close(END, pair.nowMs);
    pair.advance(10);
    pair.cut();
    expect(pair.client.session.phase).toBe('ended');
    expect(pair.client.session.stats(pair.nowMs)).toMatchObject({
      connectionsOpened: 1,
      connectionsLost: 0,
    });
  });
});
