import { describe, expect, test } from 'vitest';
import { memoryStore, type Store } from '../../store/src/index.ts';
import { listen, type LogEntry } from '../src/index.ts';
import { ManualClock } from '../../endpoint/test/manual-clock.ts';
import { MemoryTransport } from '../../endpoint/test/memory-transport.ts';
import { storeAround } from '../../store/test/store-around.ts';
import { hello, ready } from '../../endpoint/test/scripted-peer.ts';
import { OTHER_RUN, resume, start } from './scripted-clients.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const authenticate = ({ credentials }: { credentials: Uint8Array | undefined }) => {
  const [key] = credentials ?? [];
  if (key === 1) return { identity: 'ada' };
  if (key === 2) return undefined;
  if (key === 3) throw new Error('down');
  return new Promise<never>(() => {});
};

describe('the places of a server', () => {
  test('are free again whatever became of who had them', async () => {
    const { server, dial, clock } = await start({
      ...{ authenticate, maxConnections: 7, maxUnauthenticated: 7 },
      ...{ helloTimeoutMs: 500, readyTimeoutMs: 500, frameTimeoutMs: 300, closeTimeoutMs: 100 },
    });
    for (let round = 0; round < 5; round += 1) {
      dial().say(hello({ credentials: Uint8Array.of(2) }));
      dial().say(hello({ credentials: Uint8Array.of(3) }));
      dial().say(hello({ credentials: Uint8Array.of(4) }));
      dial().say(hello({ credentials: Uint8Array.of(1) }));
      dial().sayBytes(text('GET / HTTP/1.1\r\n'));
      dial().sayBytes(text('WILCO\r\n\u0001\u0040'));
      dial().vanish();
      const eighth = dial();
      await clock.settle();
      expect(eighth.last('refuse').code).toBe('WILCO_OVERLOADED');
      await clock.advance(700);
      expect(server.stats()).toMatchObject({ connections: 0, unauthenticated: 0, sessions: 0 });
    }
    const welcomed = dial();
    welcomed.say(hello({ credentials: Uint8Array.of(1) }));
    await clock.settle();
    expect(welcomed.kinds).toContain('welcome');
  });

  test('are no more than allowed, counting strangers who were refused and do not go', async () => {
    const { dial, clock, server } = await start({ maxUnauthenticated: 3 });
    for (let number = 0; number < 100; number += 1) dial().sayBytes(text('GET / HTTP/1.1\r\n'));
    await clock.settle();
    for (let number = 0; number < 100; number += 1) {
      dial().sayBytes(text('GET / HTTP/1.1\r\n'));
      await clock.settle();
    }
    expect(server.stats().connections).toBe(0);
    expect(clock.pending).toBeLessThanOrEqual(3);
  });

  test('can not be multiplied by giving one session up several times', async () => {
    const { opens, dial, clock, server } = await start({ maxSessions: 2 });
    const { told } = await opens();
    const peers = [2, 3, 4, 5].map((counter) => {
      const peer = dial();
      peer.say({ ...resume(told, counter), abandon: 'clientStateLost' });
      return peer;
    });
    await clock.settle();
    for (const peer of peers) peer.say(ready());
    await clock.settle();
    expect(server.sessions.length).toBeLessThanOrEqual(2);
    expect(peers.flatMap((peer) => peer.all('close'))).toMatchObject([
      { mode: 'detach', code: 'WILCO_OVERLOADED', retryAfterMs: 2_500 },
      { mode: 'detach', code: 'WILCO_OVERLOADED', retryAfterMs: 2_500 },
    ]);
    expect(server.sessions.filter(({ isOnline }) => isOnline).length).toBeGreaterThan(0);
  });
});

describe('a session whose successor', () => {
  test('finds no room for its windows keeps its connection', async () => {
    const { opens, dial, clock, sessions, events } = await start({ windowBudgetBytes: 65_536 });
    const { told } = await opens();
    let isFull = false;
    for (let count = 0; count < 200 && !isFull; count += 1) {
      const other = dial();
      other.say(hello({ runId: OTHER_RUN }));
      await clock.settle();
      isFull = other.kinds.includes('refuse');
    }
    const before = [...events];
    const next = dial();
    next.say({ ...resume(told, 2), abandon: 'clientStateLost' });
    await clock.settle();
    expect(next.last('refuse').code).toBe('WILCO_OVERLOADED');
    expect(sessions[0]?.isOnline).toBe(true);
    expect(events).toEqual(before);
  });
});

describe('who is being let in while its identity is revoked', () => {
  async function slowServer() {
    const kept = memoryStore({ keep: true });
    const held: (() => void)[] = [];
    let isSlow = false;
    const store: Store = {
      ...storeAround(kept),
      commit: (operations, done) =>
        kept.commit(operations, (error) => {
          if (isSlow) held.push(() => done(error));
          else done(error);
        }),
    };
    const started = await start({ store, authenticate: () => ({ identity: 'ada' }) });
    return {
      ...started,
      slow: () => (isSlow = true),
      goOn: async () => {
        isSlow = false;
        for (const done of held.splice(0)) done();
        await started.clock.settle();
      },
    };
  }

  test('is refused, while its session is being written to the store', async () => {
    const { dial, clock, server, slow, goOn, events } = await slowServer();
    slow();
    const peer = dial();
    peer.say(hello());
    await clock.settle();
    void server.revoke('ada');
    await goOn();
    expect(peer.kinds).toEqual(['refuse']);
    expect(peer.last('refuse')).toMatchObject({ code: 'WILCO_REVOKED', retryAfterMs: undefined });
    expect([server.sessions, events]).toEqual([[], []]);
  });

  test('is refused, though its resume waited for another', async () => {
    const { opens, dial, clock, server, slow, goOn } = await slowServer();
    const { told } = await opens();
    slow();
    const peers = [2, 3].map((counter) => {
      const peer = dial();
      peer.say(resume(told, counter));
      return peer;
    });
    await clock.settle();
    void server.revoke('ada');
    await goOn();
    await clock.advance(100);
    expect(peers.map(({ kinds }) => kinds)).toEqual([['refuse'], ['refuse']]);
    expect(peers.map((peer) => peer.last('refuse').code)).toEqual([
      'WILCO_REVOKED',
      'WILCO_REVOKED',
    ]);
    expect(server.sessions).toEqual([]);
  });

  test('or its session ended is told, between WELCOME and READY of a resume', async () => {
    const { opens, dial, clock, sessions } = await slowServer();
    const { told } = await opens();
    const peer = dial();
    peer.say(resume(told, 2));
    await clock.settle();
    void sessions[0]?.end();
    await clock.settle();
    expect(peer.last('close')).toMatchObject({ mode: 'end', code: 'WILCO_SESSION_ENDED' });
  });

  test('is told, between WELCOME and READY of a resume', async () => {
    const { opens, dial, clock, server } = await slowServer();
    const { told } = await opens();
    const peer = dial();
    peer.say(resume(told, 2));
    await clock.settle();
    void server.revoke('ada');
    await clock.settle();
    expect(peer.kinds).toEqual(['welcome', 'close']);
    expect(peer.last('close')).toMatchObject({ mode: 'end', code: 'WILCO_REVOKED' });
    expect(server.sessions).toEqual([]);
  });
});

describe('a server that can not say who somebody is', () => {
  test('in time has clients come back spread over a time, not at once', async () => {
    const { dial, clock } = await start({ authenticate, helloTimeoutMs: 700 });
    const peer = dial();
    await clock.advance(100);
    peer.say(hello());
    await clock.advance(700);
    expect(peer.last('refuse')).toMatchObject({
      code: 'WILCO_OPENING_TIMEOUT',
      retryAfterMs: 2_500,
    });
  });

  test('writes so into its log, without a word of the application', async () => {
    const entries: LogEntry[] = [];
    const { dial, clock } = await start({ authenticate, log: (entry) => entries.push(entry) });
    dial().say(hello({ credentials: Uint8Array.of(3) }));
    await clock.settle();
    const [entry] = entries.filter(({ event }) => event === 'authentication.failed');
    expect(entry).toMatchObject({ level: 'warn', remote: 'near', side: 'server' });
    expect(JSON.stringify(entries)).not.toContain('down');
  });
});

test('a reason says its code once', async () => {
  const { dial, clock, opens } = await start({ helloTimeoutMs: 500 });
  const [stranger, late] = [dial(), dial()];
  stranger.sayBytes(text('GET / HTTP/1.1\r\n'));
  await clock.advance(1_000);
  const { peer } = await opens();
  peer.say(ready());
  await clock.settle();
  const said = [stranger.last('refuse'), late.last('refuse'), peer.last('close')];
  expect(said.map(({ code }) => code)).toEqual([
    'WILCO_PREAMBLE_UNKNOWN',
    'WILCO_OPENING_TIMEOUT',
    'WILCO_FRAME_UNEXPECTED',
  ]);
  for (const { reason } of said) expect(reason).not.toContain('WILCO_');
});

describe('closing a server', () => {
  test('tells a client between WELCOME and READY that it goes, and for how long', async () => {
    const { dial, clock, server } = await start();
    const peer = dial();
    peer.say(hello());
    await clock.settle();
    void server.close({ elsewhere: [{ host: 'other', port: 2 }] });
    await clock.settle();
    expect(peer.kinds).toEqual(['welcome', 'close']);
    expect(peer.last('close')).toMatchObject({
      ...{ mode: 'end', code: 'WILCO_GOING_AWAY' },
      ...{ retryAfterMs: 2_500, elsewhere: ['other:2'] },
    });
  });
});

test('a server that can not take in what its store holds leaves no timer behind', async () => {
  const store = memoryStore({ keep: true });
  const first = await start({ store });
  for (let count = 0; count < 100; count += 1) await first.opens();
  await first.stop();
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock);
  const second = listen({ ...{ port: 1, transport, clock, store }, windowBudgetBytes: 65_536 });
  await expect(second).rejects.toMatchObject({ code: 'WILCO_OVERLOADED' });
  await clock.settle();
  expect(clock.pending).toBe(0);
});
