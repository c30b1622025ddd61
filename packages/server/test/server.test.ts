import { describe, expect, test } from 'vitest';
import type { HelloFrame, WelcomeFrame } from '@wilco/protocol';
import { defineMessage, listen, type PeerSession, type Server, type ServerOptions } from '../src/index.ts';
import { ManualClock } from '../../endpoint/test/manual-clock.ts';
import { MemoryTransport } from '../../endpoint/test/memory-transport.ts';
import {
  ack,
  hello,
  message,
  ready,
  ScriptedPeer,
  types,
} from '../../endpoint/test/scripted-peer.ts';

const Order = defineMessage<number, string>('order');
const Notice = defineMessage<string>('notice');
const OTHER_RUN = 'ee'.repeat(16);

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
        if (credentials === undefined) throw new Error('no');
        return { identity: 'somebody' };
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

  test('with an older token is reported, and answered like an unknown session', async () => {
    const { opens, resumes, dial, clock, security } = await start();
    const { told } = await opens();
    await resumes(told);
    const thief = dial();
    thief.say(resume(told, 9));
    const stranger = dial();
    stranger.say(resume({ ...told, sessionId: '99'.repeat(16) }, 9));
    await clock.settle();
    expect(security).toMatchObject([{ code: 'WILCO_TOKEN_REPLAYED', session: told.sessionId }]);
    const answers = [thief, stranger].map((peer) => ({
      ...peer.last('welcome'),
      sessionId: '',
      token: '',
    }));
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ newReason: 'unknown', predecessor: undefined });
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
    expect(peer.last('notice')).toMatchObject({ notice: 'goingAway', retryAfterMs: 2_500 });
    expect(peer.last('close')).toMatchObject({
      mode: 'detach',
      code: 'WILCO_GOING_AWAY',
      retryAfterMs: 2_500,
    });
    expect(stranger.last('refuse').code).toBe('WILCO_GOING_AWAY');
    await clock.advance(10_000);
    await closed;
    expect(clock.pending).toBe(0);
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

test('listening beyond this machine in plain text needs a word', async () => {
  await expect(listen({ port: 0, host: '0.0.0.0' })).rejects.toMatchObject({
    code: 'WILCO_INSECURE_REFUSED',
  });
});

interface StartOptions extends Partial<ServerOptions> {
  readonly isReliable?: boolean;
}

/** A server on a network in memory; the test plays the clients. */
async function start({ isReliable = true, ...options }: StartOptions = {}) {
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock, isReliable);
  let made = 0;
  const random = {
    bytes: (count: number) => new Uint8Array(count).fill(++made),
    fraction: () => 0.5,
  };
  const server = await listen({ port: 1, transport, clock, random, ...options });
  const dial = (): ScriptedPeer => new ScriptedPeer(transport.dialIn());
  async function finish(peer: ScriptedPeer, first: HelloFrame) {
    peer.say(first);
    await clock.settle();
    const told = peer.last('welcome');
    peer.say(ready());
    await clock.settle();
    return { peer, told };
  }
  return {
    server,
    clock,
    dial,
    ...record(server),
    /** Opens a new session. */
    opens: (changes: Partial<HelloFrame> = {}) => finish(dial(), hello(changes)),
    /** Resumes a session on a new connection. */
    resumes: (told: WelcomeFrame) => finish(dial(), resume(told, 2)),
    stop: async () => {
      const closed = server.close({ drainMs: 0 });
      await clock.advance(60_000);
      await closed;
    },
  };
}

function resume({ sessionId: id, token }: WelcomeFrame, counter: number): HelloFrame {
  return hello({ session: { id, token }, attempt: { boot: 1, counter } });
}

function record(server: Server) {
  const events: string[] = [];
  const security: unknown[] = [];
  const lost: unknown[] = [];
  const sessions: PeerSession[] = [];
  server.on('session', (session) => {
    events.push('session');
    sessions.push(session);
  });
  server.on('resumed', () => events.push('resumed'));
  server.on('offline', ({ error }) => events.push(`offline ${error.code}`));
  server.on('closed', ({ error }) => events.push(`closed ${error.code}`));
  server.on('securityEvent', (event) => security.push(event));
  server.on('stateLost', (event) => lost.push(event));
  return { events, security, lost, sessions };
}
