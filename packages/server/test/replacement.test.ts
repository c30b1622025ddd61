import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../store/src/index.ts';
import { defineMessage, listen } from '../src/index.ts';
import { ManualClock } from '../../endpoint/test/manual-clock.ts';
import { MemoryTransport } from '../../endpoint/test/memory-transport.ts';
import { hello, ready, ScriptedPeer } from '../../endpoint/test/scripted-peer.ts';
import { OTHER_RUN, resume, start } from './scripted-clients.ts';

const Notice = defineMessage<string>('notice');

const byCredentials = ({ credentials }: { credentials: Uint8Array | undefined }) => ({
  identity: String(credentials?.[0]),
});

describe('a server without room for another session', () => {
  test('still lets an identity replace its own, several at once, and nobody else', async () => {
    const { opens, dial, clock, server } = await start({
      maxSessions: 2,
      oneSessionPerIdentity: true,
      authenticate: byCredentials,
    });
    await opens({ credentials: Uint8Array.of(1) });
    await opens({ credentials: Uint8Array.of(2) });
    const peers = [1, 2, 3].map((number) => {
      const peer = dial();
      peer.say(hello({ credentials: Uint8Array.of(number), runId: OTHER_RUN }));
      return peer;
    });
    await clock.settle();
    expect(peers.map(({ kinds }) => kinds)).toEqual([['welcome'], ['welcome'], ['refuse']]);
    for (const peer of peers.slice(0, 2)) peer.say(ready());
    await clock.settle();
    expect(server.sessions.map(({ identity }) => identity)).toEqual(['1', '2']);
    expect(peers[2]?.last('refuse')).toMatchObject({ code: 'WILCO_OVERLOADED' });
  });

  test('still lets a client follow the session that it proves and gives up', async () => {
    const { opens, dial, clock, server } = await start({ maxSessions: 1 });
    const { told } = await opens();
    const next = dial();
    next.say({ ...resume(told, 2), abandon: 'clientStateLost' });
    await clock.settle();
    next.say(ready());
    await clock.settle();
    expect(server.sessions.map(({ id }) => id)).toEqual([next.last('welcome').sessionId]);
  });

  test('has room again when openings were broken off, of replacements as well', async () => {
    const { opens, dial, clock } = await start({ maxSessions: 2 });
    const { told } = await opens();
    for (let counter = 2; counter < 8; counter++) {
      const [follower, stranger] = [dial(), dial()];
      follower.say({ ...resume(told, counter), abandon: 'clientStateLost' });
      stranger.say(hello({ runId: OTHER_RUN }));
      await clock.settle();
      expect([follower.kinds, stranger.kinds]).toEqual([['welcome'], ['welcome']]);
      follower.vanish();
      stranger.vanish();
      await clock.settle();
    }
  });
});

test('a session that is given up lives until its successor is READY', async () => {
  const { opens, dial, clock, server, sessions, lost, events } = await start();
  const { peer, told } = await opens();
  const waiting = sessions[0]?.send(Notice, 'a');
  await clock.settle();
  const unready = dial();
  unready.say({ ...resume(told, 2), abandon: 'clientStateLost' });
  await clock.settle();
  expect(peer.isEnded).toBe(true);
  expect(server.sessions.map(({ id }) => id)).toEqual([told.sessionId]);
  unready.vanish();
  await clock.settle();
  expect([lost, waiting?.outcome]).toEqual([[], undefined]);
  const next = dial();
  next.say({ ...resume(told, 3), abandon: 'clientStateLost' });
  await clock.settle();
  expect(next.last('welcome').predecessor).toBe(told.sessionId);
  next.say(ready());
  await clock.settle();
  expect(lost).toMatchObject([{ reason: 'clientStateLost', resent: 1 }]);
  expect(next.last('message')).toMatchObject({ isResent: true, id: waiting?.id });
  expect(events).toEqual(['session', 'offline WILCO_CONNECTION_LOST', 'session']);
});

describe('a second client', () => {
  test('with the token takes the session over: the first is told, and fenced', async () => {
    const { opens, dial, clock, server } = await start();
    const { peer, told } = await opens();
    const second = dial();
    second.say({ ...resume(told, 2), runId: OTHER_RUN });
    await clock.settle();
    second.say(ready());
    await clock.settle();
    expect(peer.last('notice').notice).toBe('takenOver');
    expect(peer.isEnded).toBe(true);
    expect(server.sessions.map(({ id }) => id)).toEqual([told.sessionId]);
  });

  test('of the same identity without the token gets a session of its own', async () => {
    const { opens, server, security } = await start({ authenticate: byCredentials });
    const { peer } = await opens({ credentials: Uint8Array.of(1) });
    await opens({ credentials: Uint8Array.of(1), runId: OTHER_RUN });
    expect(peer.all('notice')).toEqual([]);
    expect(server.sessions.map(({ isOnline }) => isOnline)).toEqual([true, true]);
    expect(security).toEqual([]);
  });
});

describe('ending', () => {
  test('with a bad option is a rejection, and ends nothing', async () => {
    const { server, opens, sessions } = await start();
    await opens();
    const bad = { drainMs: Number.NaN };
    await expect(server.close(bad)).rejects.toMatchObject({ code: 'WILCO_OPTION_INVALID' });
    await expect(sessions[0]?.close(bad)).rejects.toMatchObject({ code: 'WILCO_OPTION_INVALID' });
    const elsewhere = Array.from({ length: 9 }, () => ({ port: 1 }));
    await expect(server.close({ elsewhere })).rejects.toMatchObject({
      code: 'WILCO_OPTION_INVALID',
    });
    expect(sessions[0]?.isOnline).toBe(true);
  });

  test.each(['end', 'close'] as const)(
    'a session by %s() is not undone by closing the server, and no store keeps it',
    async (how) => {
      const store = memoryStore({ keep: true });
      const first = await start({ store, closeTimeoutMs: 100 });
      await first.opens();
      first.sessions[0]?.send(Notice, 'a');
      await first.clock.settle();
      const session = first.sessions[0];
      void (how === 'end' ? session?.end() : session?.close({ drainMs: 5_000 }));
      const closed = first.server.close({ drainMs: 1_000 });
      await first.clock.advance(10_000);
      await closed;
      const second = await start({ store });
      expect(second.server.sessions).toEqual([]);
    },
  );

  test('comes by itself where a server goes out of scope', async () => {
    const clock = new ManualClock();
    const transport = new MemoryTransport(clock);
    {
      await using server = await listen({ port: 1, transport, clock });
      expect(server.sessions).toEqual([]);
    }
    const late = new ScriptedPeer(transport.dialIn());
    await clock.settle();
    expect(late.last('refuse').code).toBe('WILCO_GOING_AWAY');
    late.vanish();
    await clock.settle();
    expect(clock.pending).toBe(0);
  });
});

test('a session whose opening came to nothing gives its window back to those who need it', async () => {
  const { opens, dial, clock, server } = await start({ windowBudgetBytes: 1_048_576 });
  const first = await opens();
  const used = (): number => server.stats().windowBudgetUsedBytes;
  const oneBytes = used();
  first.peer.vanish();
  await clock.settle();
  const again = dial();
  again.say(resume(first.told, 2));
  await clock.settle();
  again.vanish();
  await clock.settle();
  await opens({ runId: OTHER_RUN });
  expect(used()).toBe(2 * oneBytes);
  await clock.advance(2_000);
  await opens({ runId: 'dd'.repeat(16) });
  // The second one's peer is to be told first, and has not answered yet.
  expect(used()).toBeLessThan(1.1 * oneBytes);
});
