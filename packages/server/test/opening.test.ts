import { describe, expect, test } from 'vitest';
import { listen } from '../src/index.ts';
import { hello, message, ready, types } from '../../endpoint/test/scripted-peer.ts';
import { OTHER_RUN, resume, start } from './scripted-clients.ts';

describe('opening', () => {
  test('makes a session, which is reachable from READY on', async () => {
    const { server, dial, clock, events } = await start();
    const peer = dial();
    peer.say(hello());
    await clock.settle();
    expect(peer.last('welcome')).toMatchObject({
      version: 1,
      serverId: 'memory:1',
      newReason: 'first',
      predecessor: undefined,
      channels: [],
    });
    expect(server.sessions).toEqual([]);
    peer.say(ready());
    await clock.settle();
    expect(events).toEqual(['session']);
    expect(server.sessions.map(({ id, isOnline }) => [id, isOnline])).toEqual([
      [peer.last('welcome').sessionId, true],
    ]);
  });

  test('that is broken off before READY leaves nothing', async () => {
    const { server, dial, clock, events, stop } = await start();
    const peer = dial();
    peer.say(hello());
    await clock.settle();
    peer.vanish();
    await clock.settle();
    expect([server.sessions, events]).toEqual([[], []]);
    await stop();
    expect(clock.pending).toBe(0);
  });

  test('that is broken off takes no place from those that follow', async () => {
    const { dial, clock, opens } = await start({ maxSessions: 1, windowBudgetBytes: 200_000 });
    for (let tries = 0; tries < 10; tries++) {
      const peer = dial();
      peer.say(hello());
      await clock.settle();
      expect(peer.kinds).toEqual(['welcome']);
      peer.vanish();
      await clock.settle();
    }
    await opens();
  });

  test('by a stranger is answered with our name and a reason', async () => {
    const { dial, clock } = await start();
    const peer = dial();
    peer.sayBytes(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'));
    await clock.settle();
    expect(peer.last('refuse')).toMatchObject({
      code: 'WILCO_PREAMBLE_UNKNOWN',
      retryAfterMs: undefined,
    });
    expect(peer.isEnded).toBe(true);
  });

  test('has to begin with HELLO, within its time, in four KiB', async () => {
    const { dial, clock } = await start();
    const [early, slow, large] = [dial(), dial(), dial()];
    early.say({ kind: 'ping', written: 0 });
    const preamble = [0x57, 0x49, 0x4c, 0x43, 0x4f, 0x0d, 0x0a, 0x01];
    large.sayBytes(Uint8Array.of(...preamble, 0xff, 0x3f, 0x01));
    await clock.advance(5_000);
    expect(early.last('refuse').code).toBe('WILCO_FRAME_UNEXPECTED');
    expect(large.last('refuse').code).toBe('WILCO_FRAME_TOO_LARGE');
    expect(slow.last('refuse').code).toBe('WILCO_OPENING_TIMEOUT');
  });

  test('has to be finished by READY within its time', async () => {
    const { dial, clock } = await start({ readyTimeoutMs: 400 });
    const peer = dial();
    peer.say(hello());
    await clock.advance(500);
    expect(peer.last('close').code).toBe('WILCO_OPENING_TIMEOUT');
  });

  test('in a version that this side does not speak is refused for good', async () => {
    const { dial, clock } = await start();
    const peer = dial();
    peer.say(hello({ minVersion: 2, maxVersion: 3 }));
    await clock.settle();
    expect(peer.last('refuse')).toMatchObject({
      code: 'WILCO_VERSION_UNSUPPORTED',
      retryAfterMs: undefined,
    });
  });

  test('beyond the limits is refused for now', async () => {
    const { dial, clock, opens } = await start({ maxSessions: 1, maxUnauthenticated: 2 });
    await opens();
    const second = dial();
    second.say(hello());
    await clock.settle();
    expect(second.last('refuse')).toMatchObject({ code: 'WILCO_OVERLOADED', retryAfterMs: 2_500 });
    const strangers = [dial(), dial(), dial()];
    await clock.settle();
    expect(strangers.map(({ kinds }) => kinds)).toEqual([[], [], ['refuse']]);
  });

  test('asks who it is, each time', async () => {
    const asked: unknown[] = [];
    const { dial, clock } = await start({
      authenticate: async ({ credentials, session }) => {
        asked.push(session);
        return credentials === undefined ? undefined : { identity: 'somebody' };
      },
    });
    const nobody = dial();
    nobody.say(hello());
    const somebody = dial();
    somebody.say(hello({ credentials: Uint8Array.of(1) }));
    await clock.settle();
    expect(nobody.last('refuse')).toMatchObject({
      code: 'WILCO_AUTHENTICATION_FAILED',
      retryAfterMs: undefined,
    });
    expect(somebody.kinds).toEqual(['welcome']);
    const { sessionId: id, token } = somebody.last('welcome');
    somebody.say(ready());
    const again = dial();
    again.say(hello({ session: { id, token }, attempt: { boot: 1, counter: 2 } }));
    await clock.settle();
    expect(again.last('refuse').code).toBe('WILCO_AUTHENTICATION_FAILED');
    expect(asked).toEqual([undefined, undefined, id]);
  });
});

describe('a resume', () => {
  test('with the confirmed token goes on, with a new token, and fences the old connection', async () => {
    const { opens, resumes, clock, events } = await start();
    const { peer, told } = await opens();
    const { peer: second, told: again } = await resumes(told);
    expect(again).toMatchObject({ newReason: undefined, sessionId: told.sessionId });
    expect(again.token).not.toEqual(told.token);
    peer.say(types('order'), message(1, 1));
    await clock.settle();
    expect(peer.isEnded).toBe(true);
    expect(second.all('answer')).toEqual([]);
    expect(events).toEqual(['session', 'offline WILCO_CONNECTION_LOST', 'resumed']);
  });

  test('goes on with the confirmed token after a WELCOME that was lost', async () => {
    const { opens, dial, clock } = await start();
    const { told } = await opens();
    const lost = dial();
    lost.say(resume(told, 2));
    await clock.settle();
    lost.vanish();
    const next = dial();
    next.say(resume(told, 3));
    await clock.settle();
    expect(next.last('welcome').newReason).toBeUndefined();
  });

  test('goes on with the issued token after a READY that was lost, also twice', async () => {
    const { opens, dial, clock } = await start();
    let { told } = await opens();
    for (let counter = 2; counter < 6; counter++) {
      const peer = dial();
      peer.say(resume(told, counter));
      await clock.settle();
      told = peer.last('welcome');
      expect(told.newReason).toBeUndefined();
      peer.vanish();
      await clock.settle();
    }
  });

  test('goes on with a token that was stored, though the WELCOME after it was lost', async () => {
    const { opens, dial, clock } = await start();
    const { told } = await opens();
    const unready = dial();
    unready.say(resume(told, 2));
    await clock.settle();
    const stored = unready.last('welcome');
    const unheard = dial();
    unheard.say(resume(stored, 3));
    await clock.settle();
    const next = dial();
    next.say(resume(stored, 4));
    await clock.settle();
    expect(next.last('welcome').newReason).toBeUndefined();
  });

  test('with an older token is reported and refused; the session stays as it is', async () => {
    const { opens, resumes, dial, clock, security, server } = await start();
    const { told } = await opens();
    await resumes(told);
    const [thief, restored] = [dial(), dial()];
    thief.say(resume(told, 9));
    restored.say({ ...resume(told, 10), abandon: 'clientStateLost' });
    await clock.settle();
    expect(thief.last('refuse')).toMatchObject({
      code: 'WILCO_TOKEN_REPLAYED',
      retryAfterMs: undefined,
    });
    expect(restored.last('welcome')).toMatchObject({
      newReason: 'clientStateLost',
      predecessor: undefined,
    });
    expect(security[0]).toMatchObject({ code: 'WILCO_TOKEN_REPLAYED', session: told.sessionId });
    expect(server.sessions.map(({ id, isOnline }) => [id, isOnline])).toEqual([
      [told.sessionId, true],
    ]);
  });

  test('with an older token gives a session up as lost to a copy, whatever else it says', async () => {
    const { opens, resumes, dial, clock, server } = await start();
    const { told } = await opens();
    await resumes(told);
    for (const abandon of ['unknown', 'serverStateLost', 'ended'] as const) {
      const original = dial();
      original.say({ ...resume(told, 9), abandon, features: 2 });
      await clock.settle();
      expect(original.last('welcome')).toMatchObject({
        newReason: 'clientStateLost',
        predecessor: undefined,
      });
      expect(original.last('welcome').predecessorAck).toBeUndefined();
      original.vanish();
    }
    expect(server.sessions.map(({ id, isOnline }) => [id, isOnline])).toEqual([
      [told.sessionId, true],
    ]);
  });

  test('of a session that has ended is told what became of it, until another one follows it', async () => {
    const { opens, dial, clock, server } = await start({ resumeWindowMs: 1_000 });
    const { told, peer } = await opens();
    peer.vanish();
    await clock.advance(2_000);
    expect(server.sessions).toEqual([]);
    const asks = async (counter: number): Promise<ReturnType<typeof dial>> => {
      const next = dial();
      const attempt = { boot: 1, counter };
      next.say({ ...resume(told, counter), attempt, abandon: 'ended', features: 2 });
      await clock.settle();
      return next;
    };
    const [first, again] = [await asks(2), await asks(3)];
    for (const one of [first, again]) {
      expect(one.last('welcome').predecessorAck).toBeDefined();
    }
    again.say(ready());
    await clock.settle();
    const restored = await asks(4);
    expect(restored.last('welcome')).toMatchObject({ newReason: 'clientStateLost' });
    expect(restored.last('welcome').predecessorAck).toBeUndefined();
  });

  test('of an unknown session, of another’s, and with a forged token answers the same', async () => {
    const { opens, dial, clock } = await start({
      authenticate: ({ credentials }) => ({ identity: String(credentials?.[0]) }),
    });
    const { told } = await opens({ credentials: Uint8Array.of(1) });
    const tries = [
      { ...resume({ ...told, sessionId: '99'.repeat(16) }, 9), credentials: Uint8Array.of(1) },
      { ...resume({ ...told, token: new Uint8Array(32) }, 9), credentials: Uint8Array.of(1) },
      { ...resume(told, 9), credentials: Uint8Array.of(2) },
    ];
    const peers = tries.map((first) => {
      const peer = dial();
      peer.say(first);
      return peer;
    });
    await clock.settle();
    const answers = peers.map((peer) => ({ ...peer.last('welcome'), sessionId: '', token: '' }));
    expect(answers[0]).toMatchObject({ newReason: 'unknown', predecessor: undefined });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  test('with the token of another identity is reported, and answered alike', async () => {
    const { opens, dial, clock, security } = await start({
      authenticate: ({ credentials }) => ({ identity: String(credentials?.[0]) }),
    });
    const { told } = await opens({ credentials: Uint8Array.of(1) });
    const thief = dial();
    thief.say({ ...resume(told, 2), credentials: Uint8Array.of(2) });
    await clock.settle();
    expect(thief.last('welcome').newReason).toBe('unknown');
    expect(security).toMatchObject([{ code: 'WILCO_AUTHENTICATION_FAILED', identity: '2' }]);
  });

  test('of an attempt that is not newer is refused, whatever its run', async () => {
    const { opens, dial, clock } = await start();
    const { told } = await opens();
    const peer = dial();
    peer.say({ ...resume(told, 1), runId: OTHER_RUN });
    await clock.settle();
    expect(peer.last('refuse')).toMatchObject({ code: 'WILCO_ATTEMPT_STALE', retryAfterMs: 0 });
  });

  test('by another run tells the old connection that it was taken over', async () => {
    const { opens, dial, clock } = await start();
    const { peer, told } = await opens();
    const clone = dial();
    clone.say({ ...resume(told, 2), runId: OTHER_RUN });
    await clock.settle();
    expect(peer.last('notice').notice).toBe('takenOver');
    expect(peer.isEnded).toBe(true);
  });

  test('of a session that another server had is refused, unless it is given up', async () => {
    const { dial, clock } = await start();
    const session = { id: '77'.repeat(16), token: new Uint8Array(32) };
    const [first, second] = [dial(), dial()];
    first.say(hello({ session, expectedServer: 'elsewhere' }));
    second.say(hello({ session, abandon: 'unknown' }));
    await clock.settle();
    expect(first.last('refuse')).toMatchObject({ code: 'WILCO_WRONG_SERVER', retryAfterMs: 0 });
    expect(second.last('welcome').newReason).toBe('unknown');
  });
});

describe('where frames may get lost', () => {
  test('a repeated HELLO gets the same WELCOME, and READY an ACK each time', async () => {
    const { dial, clock, server } = await start({ isReliable: false });
    const peer = dial();
    peer.say(hello());
    peer.say(hello());
    await clock.settle();
    expect(peer.kinds).toEqual(['welcome', 'welcome']);
    expect(peer.frames[0]).toEqual(peer.frames[1]);
    peer.say(ready());
    await clock.settle();
    const before = peer.all('ack').length;
    peer.say(ready());
    await clock.settle();
    expect(before).toBeGreaterThan(0);
    expect(peer.all('ack').length).toBeGreaterThan(before);
    expect(server.sessions).toHaveLength(1);
  });

  test('bytes that are no frame are dropped, and nothing else', async () => {
    const { dial, clock } = await start({ isReliable: false });
    const peer = dial();
    peer.sayBytes(Uint8Array.of(1, 2, 3));
    peer.say(hello());
    await clock.settle();
    expect(peer.kinds).toEqual(['welcome']);
  });
});

test('listening beyond this machine in plain text needs a word', async () => {
  await expect(listen({ port: 0, host: '0.0.0.0' })).rejects.toMatchObject({
    code: 'WILCO_INSECURE_REFUSED',
  });
});
