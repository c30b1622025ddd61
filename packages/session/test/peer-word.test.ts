import { describe, expect, test } from 'vitest';
import { Pair } from './pair.ts';

describe('a message that the peer gives back', () => {
  test('is cancelled for its age, where it was too old to be kept and nobody had withdrawn it', () => {
    const { pair, waiting } = withWaitingMessage({ retentionMs: 1_000 });
    pair.advance(1_100);
    expect(pair.client.settlements.get(waiting)).toMatchObject({
      status: 'cancelled',
      code: 'WILCO_RETENTION_OVER',
    });
  });

  test('is cancelled at the wish of the application, where it was withdrawn', () => {
    const { pair, waiting } = withWaitingMessage({});
    pair.client.session.cancel(waiting);
    pair.advance(100);
    expect(pair.client.settlements.get(waiting)).toMatchObject({
      status: 'cancelled',
      code: 'WILCO_CANCELLED',
    });
  });

  test('is told once that is kept: a run that came back would send it again', () => {
    const pair = new Pair({}, { client: { isVolatile: false } });
    pair.server.respond = undefined;
    pair.connect();
    pair.send(pair.client);
    const waiting = pair.send(pair.client);
    pair.advance(1_000);
    pair.client.commitMs = 50;
    pair.client.session.cancel(waiting);
    pair.advance(30);
    expect(pair.client.settlements.get(waiting)).toBeUndefined();
    pair.advance(100);
    expect(pair.client.settlements.get(waiting)).toMatchObject({ status: 'cancelled' });
    expect(pair.client.session.stats(pair.nowMs)).toMatchObject({ unsettled: 1 });
  });

  test.each(['cancelled', 'expired'])(
    'is in doubt and not %s, where an earlier copy may have been handled',
    (ending) => {
      const old = new Pair();
      old.fate = () => 'lose';
      old.connect();
      const message = old.send(old.client, ending === 'expired' ? { ttlMs: 50 } : {});
      old.settle();
      const [surrendered] = old.client.session.surrender(old.nowMs);
      expect(surrendered).toEqual({ message, mayBeHandled: true });

      const { pair } = withWaitingMessage({});
      pair.client.session.resubmit(message, true, pair.nowMs);
      pair.advance(10);
      if (ending === 'cancelled') pair.client.session.cancel(message);
      pair.advance(100);
      expect(pair.client.settlements.get(message)?.status).toBe('inDoubt');
    },
  );
});

/** A message that the peer holds and no handler took: the one before it has not finished. */
function withWaitingMessage(client: { readonly retentionMs?: number }) {
  const pair = new Pair({ client });
  pair.server.respond = undefined;
  pair.connect();
  pair.send(pair.client);
  const waiting = pair.send(pair.client);
  pair.advance(10);
  return { pair, waiting };
}
