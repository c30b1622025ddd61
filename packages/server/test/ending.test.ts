import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../store/src/index.ts';
import { defineMessage } from '../src/index.ts';
import { ack, message, ready, types } from '../../endpoint/test/scripted-peer.ts';
import { OTHER_RUN, resume, start } from './scripted-clients.ts';

const Order = defineMessage<number, string>('order');
const Notice = defineMessage<string>('notice');

describe('a session that is over', () => {
  test('because its client gives it up hands its messages to the next, in order', async () => {
    const { opens, dial, clock, sessions, lost } = await start();
    const { peer, told } = await opens();
    const written = sessions[0]?.send(Notice, 'a');
    await clock.settle();
    peer.vanish();
    await clock.settle();
    const waiting = sessions[0]?.send(Notice, 'b');
    const next = dial();
    next.say({ ...resume(told, 2), abandon: 'serverStateLost', channels: [] });
    await clock.settle();
    expect(next.last('welcome')).toMatchObject({
      newReason: 'serverStateLost',
      predecessor: told.sessionId,
    });
    expect(lost).toEqual([]);
    next.say(ready());
    await clock.settle();
    expect(next.all('message').map(({ isResent, id }) => [isResent, id])).toEqual([
      [true, written?.id],
      [false, waiting?.id],
    ]);
    expect(lost).toMatchObject([{ reason: 'serverStateLost', resent: 1, moved: 1 }]);
  });

  test('because the client’s positions went back is replaced, and both know why', async () => {
    const { opens, dial, clock } = await start();
    const { peer, told } = await opens();
    peer.say(types('order'), message(1, 1), message(2, 2));
    await clock.settle();
    const restored = dial();
    const channels = [{ channel: 1, first: 2, reported: 2 }];
    restored.say({ ...resume(told, 2), runId: OTHER_RUN, channels });
    await clock.settle();
    expect(restored.last('welcome')).toMatchObject({
      newReason: 'clientStateLost',
      predecessor: told.sessionId,
    });
  });

  test('by the identity, where each has one, is noticed at once', async () => {
    const { opens, clock, lost, sessions, server } = await start({
      oneSessionPerIdentity: true,
      authenticate: () => ({ identity: 'only' }),
    });
    const { peer } = await opens();
    sessions[0]?.send(Notice, 'a');
    await clock.settle();
    const { peer: next, told } = await opens({ runId: OTHER_RUN });
    expect(told.predecessor).toBeUndefined();
    expect(peer.last('notice').notice).toBe('takenOver');
    expect(next.last('message').isResent).toBe(true);
    expect(lost).toMatchObject([{ reason: 'first', resent: 1 }]);
    expect(server.sessions).toHaveLength(1);
  });

  test('at the end of its window settles what it had, truly', async () => {
    const { opens, clock, sessions, events, server } = await start({ resumeWindowMs: 1_000 });
    const { peer } = await opens();
    const written = sessions[0]?.send(Notice, 'a');
    await clock.settle();
    peer.vanish();
    await clock.settle();
    const waiting = sessions[0]?.send(Notice, 'b');
    await clock.advance(1_100);
    expect(written?.outcome).toEqual({ status: 'inDoubt', code: 'WILCO_RESUME_WINDOW_OVER' });
    expect(waiting?.outcome).toEqual({ status: 'cancelled', code: 'WILCO_RESUME_WINDOW_OVER' });
    expect(events.at(-1)).toBe('closed WILCO_RESUME_WINDOW_OVER');
    expect(server.sessions).toEqual([]);
  });
});

describe('closing', () => {
  test('says that it goes and when to come back, then lets go of everything', async () => {
    const { opens, server, clock, dial } = await start();
    const { peer } = await opens();
    const stranger = dial();
    const closed = server.close();
    await clock.settle();
    expect(peer.last('notice')).toMatchObject({ notice: 'goingAway', afterMs: 2_500 });
    expect(peer.last('close')).toMatchObject({
      mode: 'end',
      code: 'WILCO_GOING_AWAY',
      retryAfterMs: 2_500,
    });
    expect(stranger.last('refuse').code).toBe('WILCO_GOING_AWAY');
    await clock.advance(10_000);
    await closed;
    expect(clock.pending).toBe(0);
  });

  test('leaves what a store keeps to the next run: its clients are to come back', async () => {
    const { opens, server, clock } = await start({ store: memoryStore({ keep: true }) });
    const { peer } = await opens();
    void server.close();
    await clock.settle();
    expect(peer.last('close')).toMatchObject({ mode: 'detach', code: 'WILCO_GOING_AWAY' });
  });

  test('without a store settles what it sent by the last word of the client', async () => {
    const { opens, server, clock, sessions } = await start();
    const { peer } = await opens();
    const receipt = sessions[0]?.send(Notice, 'a');
    await clock.settle();
    void server.close({ drainMs: 0 });
    await clock.settle();
    peer.say({ kind: 'close', mode: 'end', code: '', reason: '', retryAfterMs: undefined });
    peer.say({ kind: 'closeAck', channels: [{ channel: 1, started: 1 }] });
    await clock.settle();
    expect(receipt?.outcome).toEqual({ status: 'cancelled', code: 'WILCO_GOING_AWAY' });
  });

  test('waits for handlers that run, and settles what is left when its time is over', async () => {
    const { opens, server, clock, sessions } = await start();
    const { peer } = await opens();
    let finish: () => void = () => {};
    server.handle(Order, () => new Promise((resolve) => (finish = () => resolve('done'))));
    peer.say(types('order'), message(1, 1));
    await clock.settle();
    const receipt = sessions[0]?.send(Notice, 'a');
    const closed = server.close({ drainMs: 300 });
    await clock.advance(200);
    expect(peer.all('close')).toEqual([]);
    finish();
    await clock.settle();
    expect(peer.all('answer')).toHaveLength(1);
    await clock.advance(10_000);
    await closed;
    expect(receipt?.outcome).toEqual({ status: 'inDoubt', code: 'WILCO_GOING_AWAY' });
    expect(clock.pending).toBe(0);
  });

  test('of one session says goodbye on it alone', async () => {
    const { opens, clock, sessions, events } = await start();
    const { peer } = await opens();
    const ended = sessions[0]?.end();
    await clock.settle();
    expect(peer.last('close')).toMatchObject({ mode: 'end', code: 'WILCO_SESSION_ENDED' });
    peer.say(ack(2), { kind: 'close', mode: 'end', code: '', reason: '', retryAfterMs: undefined });
    peer.say({ kind: 'closeAck', channels: [] });
    await clock.advance(10_000);
    await ended;
    expect(events.at(-1)).toBe('closed WILCO_SESSION_ENDED');
  });
});

describe('fresh credentials', () => {
  test('of another identity end the connection', async () => {
    const { opens, clock } = await start({
      authenticate: ({ credentials }) => ({ identity: String(credentials?.[0]) }),
    });
    const { peer } = await opens({ credentials: Uint8Array.of(1) });
    peer.say({ kind: 'credentials', credentials: Uint8Array.of(1) });
    await clock.settle();
    expect(peer.all('close')).toEqual([]);
    peer.say({ kind: 'credentials', credentials: Uint8Array.of(2) });
    await clock.settle();
    expect(peer.last('close')).toMatchObject({
      mode: 'detach',
      code: 'WILCO_AUTHENTICATION_FAILED',
    });
  });
});
