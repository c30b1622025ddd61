import { describe, expect, test } from 'vitest';
import { defineMessage } from '../src/index.ts';
import { ack, message, types, welcome } from '../../endpoint/test/scripted-peer.ts';
import { start } from './scripted-server.ts';

const Order = defineMessage<number, string>('order');
const SECOND = '22'.repeat(16);

describe('a session that is lost', () => {
  test('moves what was never written unmarked, and what may be handled marked', async () => {
    const { peer, client, lost, clock, stop } = await start();
    await peer.answers(welcome());
    peer().say(ack(2));
    const written = client.send(Order, 1);
    await peer.hears();
    peer().vanish();
    await clock.settle();
    const waiting = client.send(Order, 2);
    await peer.hears();
    await peer.answers(welcome({ newReason: 'unknown', sessionId: SECOND }));
    const marks = peer(1)
      .all('message')
      .map(({ seq, isResent, id }) => [seq, isResent, id]);
    expect(marks).toEqual([
      [1, true, written.id],
      [2, false, waiting.id],
    ]);
    expect(lost).toEqual([
      {
        session: '11'.repeat(16),
        successor: SECOND,
        reason: 'unknown',
        handled: 0,
        resent: 1,
        inDoubt: 0,
        moved: 1,
      },
    ]);
    await stop();
  });

  test('settles in doubt what may be handled, where that was asked for', async () => {
    const { peer, client, lost, stop } = await start({ whenSessionLost: 'inDoubt' });
    await peer.answers(welcome());
    const written = client.send(Order, 1);
    await peer.hears();
    peer().vanish();
    await peer.hears();
    await peer.answers(welcome({ newReason: 'unknown', sessionId: SECOND }));
    expect(written.outcome).toEqual({ status: 'inDoubt', code: 'WILCO_STATE_LOST' });
    expect(lost).toMatchObject([{ inDoubt: 1, resent: 0 }]);
    await stop();
  });

  test('is noticed by positions that went back: the client gives it up by name', async () => {
    const { peer, stop } = await start();
    await peer.answers(welcome());
    peer().say(types('order'), message(1, 5));
    await peer.hears();
    peer().vanish();
    await peer.hears();
    // Another run of the server, which may assign seq 1 again: a restored store.
    const channels = [{ channel: 1, first: 1, reported: 1 }];
    await peer.answers(welcome({ newReason: undefined, runId: 'cc'.repeat(16), channels }));
    expect(peer(1).last('close').code).toBe('WILCO_STATE_LOST');
    expect(peer(1).all('ready')).toEqual([]);
    await peer.hears(200);
    expect(peer(2).last('hello')).toMatchObject({
      abandon: 'serverStateLost',
      session: { id: '11'.repeat(16) },
      channels: [],
    });
    await stop();
  });

  test('because nobody came back in time is given up, and its messages go to the next', async () => {
    const { peer, client, transport, lost, clock, stop } = await start({ resumeWindowMs: 2_000 });
    await peer.answers(welcome());
    peer().say(ack(2));
    await peer.hears();
    transport.isReachable = false;
    peer().vanish();
    const waiting = client.send(Order, 2);
    await clock.advance(2_500);
    expect(waiting.outcome).toBeUndefined();
    transport.isReachable = true;
    while (!peer.newest().kinds.includes('hello')) await clock.advance(100);
    expect(peer.newest().last('hello')).toMatchObject({ abandon: 'ended', channels: [] });
    peer.newest().say(welcome({ newReason: 'ended', sessionId: SECOND }));
    await clock.settle();
    expect(peer.newest().last('message')).toMatchObject({ isResent: false, id: waiting.id });
    expect(lost).toMatchObject([{ reason: 'ended', successor: SECOND, moved: 1 }]);
    await stop();
  });

  test('because its token is an old one is given up by name', async () => {
    const { peer, stop } = await start();
    await peer.answers(welcome());
    peer().vanish();
    await peer.hears();
    const never = { kind: 'refuse', reason: '', retryAfterMs: undefined } as const;
    await peer.answers({ ...never, code: 'WILCO_TOKEN_REPLAYED' });
    await peer.hears(200);
    expect(peer(2).last('hello')).toMatchObject({
      abandon: 'clientStateLost',
      session: { id: '11'.repeat(16) },
    });
    await stop();
  });

  test('to a copy of it marks everything, under ids of its own: the copy may have written it, or another at its place', async () => {
    const { peer, client, lost, clock, stop } = await start();
    await peer.answers(welcome());
    peer().vanish();
    await clock.settle();
    const [receipt, named] = [client.send(Order, 1), client.send(Order, 2, { id: 'named' })];
    const { id } = receipt;
    await peer.hears();
    const never = { kind: 'refuse', reason: '', retryAfterMs: undefined } as const;
    await peer.answers({ ...never, code: 'WILCO_TOKEN_REPLAYED' });
    await peer.hears(200);
    await peer.answers(welcome({ newReason: 'clientStateLost', sessionId: SECOND }));
    expect(peer.newest().all('message')).toMatchObject([
      { seq: 1, isResent: true, id: receipt.id },
      { seq: 2, isResent: true, id: 'named' },
    ]);
    expect([id, receipt.id, named.id]).toEqual([
      expect.stringMatching(/^1{32}[.]c[.]default[.]1$/),
      expect.not.stringMatching(/^1{32}/),
      'named',
    ]);
    expect(lost).toMatchObject([{ reason: 'clientStateLost', resent: 2, moved: 0 }]);
    await stop();
  });

  test('in peace, but to a copy of it before, marks everything as well, and says so', async () => {
    const { peer, client, lost, clock, stop } = await start({ resumeWindowMs: 1_000 });
    await peer.answers(welcome());
    peer().say(ack(2));
    await peer.hears();
    peer().vanish();
    await clock.settle();
    client.send(Order, 1);
    await peer.hears();
    await clock.advance(1_500);
    expect(peer.newest().last('hello')).toMatchObject({ abandon: 'ended' });
    await peer.answers(welcome({ newReason: 'clientStateLost', sessionId: SECOND }));
    expect(peer.newest().last('message')).toMatchObject({ seq: 1, isResent: true });
    expect(lost).toMatchObject([{ reason: 'clientStateLost', resent: 1, inDoubt: 0, moved: 0 }]);
    await stop();
  });

  test('in peace, but to a copy of it before, is in doubt as a whole where that was asked for', async () => {
    const options = { resumeWindowMs: 1_000, whenSessionLost: 'inDoubt' } as const;
    const { peer, client, lost, clock, stop } = await start(options);
    await peer.answers(welcome());
    peer().say(ack(2));
    await peer.hears();
    peer().vanish();
    await clock.settle();
    const never = client.send(Order, 1);
    await peer.hears();
    await clock.advance(1_500);
    await peer.answers(welcome({ newReason: 'clientStateLost', sessionId: SECOND }));
    expect(never.outcome).toEqual({ status: 'inDoubt', code: 'WILCO_STATE_LOST' });
    expect(lost).toMatchObject([{ reason: 'clientStateLost', resent: 0, inDoubt: 1, moved: 0 }]);
    await stop();
  });

  test('because somebody with the same token is ahead for good is not named again', async () => {
    const { peer, clock, peers, lost, stop } = await start();
    await peer.answers(welcome());
    peer().say(ack(2));
    await peer.hears();
    peer().vanish();
    await peer.hears();
    const stale = {
      kind: 'refuse',
      code: 'WILCO_ATTEMPT_STALE',
      reason: '',
      retryAfterMs: 0,
    } as const;
    for (let tries = 1; tries <= 3; tries++) {
      expect(peer.newest().last('hello').session?.id).toBe('11'.repeat(16));
      await peer.answers(stale);
      while (peers.length === tries + 1) await clock.advance(50);
    }
    expect(peer.newest().last('hello')).toMatchObject({ session: undefined, abandon: undefined });
    await peer.answers(welcome({ sessionId: SECOND }));
    expect(lost).toMatchObject([{ reason: 'clientStateLost', successor: SECOND }]);
    await stop();
  });

  test('at another server is given up at once where there is one address', async () => {
    const { peer, stop } = await start();
    await peer.answers(welcome());
    peer().say(ack(2));
    await peer.hears();
    peer().vanish();
    await peer.hears();
    await peer.answers({ kind: 'refuse', code: 'WILCO_WRONG_SERVER', reason: '', retryAfterMs: 0 });
    await peer.hears(200);
    expect(peer(2).last('hello')).toMatchObject({ abandon: 'unknown', expectedServer: undefined });
    await stop();
  });

  test('before the server ever knew it, and without messages, is nobody’s loss', async () => {
    const { peer, client, lost, stop } = await start();
    await peer.answers(welcome());
    peer().vanish();
    await peer.hears();
    await peer.answers(welcome({ newReason: 'unknown', sessionId: SECOND }));
    expect(client.id).toBe(SECOND);
    expect(lost).toEqual([]);
    await stop();
  });
});
