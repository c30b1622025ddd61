import { describe, expect, test } from 'vitest';
import type { OutgoingMessage } from '../src/index.ts';
import { Pair, rejected, type Sending } from './pair.ts';

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

  test('is told once that is kept, where it was refused without a handler', () => {
    const pair = new Pair({}, { client: { isVolatile: false } });
    pair.server.respond = () => UNSTARTED;
    pair.connect();
    const message = pair.send(pair.client);
    pair.advance(1);
    pair.client.commitMs = 50;
    pair.advance(30);
    expect(pair.server.deliveries).toHaveLength(1);
    expect(pair.client.settlements.get(message)).toBeUndefined();
    pair.advance(100);
    expect(pair.client.settlements.get(message)).toMatchObject({ status: 'rejected' });
    expect(pair.client.session.stats(pair.nowMs)).toMatchObject({ unsettled: 0 });
  });

  test('is in doubt where it was refused without a handler, and an earlier copy may have been handled', () => {
    const message = lostMessage();
    const pair = new Pair();
    pair.server.respond = () => UNSTARTED;
    pair.connect();
    pair.client.session.resubmit(message, true, pair.nowMs);
    pair.advance(100);
    expect(pair.client.settlements.get(message)).toMatchObject({
      status: 'inDoubt',
      code: 'WILCO_TYPE_UNKNOWN',
    });
  });

  test.each(['cancelled', 'expired'])(
    'is in doubt and not %s, where an earlier copy may have been handled',
    (ending) => {
      const message = lostMessage(ending === 'expired' ? { ttlMs: 50 } : {});
      const { pair } = withWaitingMessage({});
      pair.client.session.resubmit(message, true, pair.nowMs);
      pair.advance(10);
      if (ending === 'cancelled') pair.client.session.cancel(message);
      pair.advance(100);
      expect(pair.client.settlements.get(message)?.status).toBe('inDoubt');
    },
  );
});

/** What a side says of a message that it has no handler for. */
const UNSTARTED = { ...rejected('WILCO_TYPE_UNKNOWN'), hasRun: false };

/** A message of a session that was lost, and that may have been handled there. */
function lostMessage(sending: Sending = {}): OutgoingMessage {
  const old = new Pair();
  old.fate = () => 'lose';
  old.connect();
  const message = old.send(old.client, sending);
  old.settle();
  const [surrendered] = old.client.session.surrender(old.nowMs);
  expect(surrendered).toEqual({ message, mayBeHandled: true });
  return message;
}

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
