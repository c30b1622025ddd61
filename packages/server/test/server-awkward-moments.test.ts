import { LIMITS } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../store/src/index.ts';
import { defineMessage, listen } from '../src/index.ts';
import { ack, hello, ready } from '../../endpoint/test/scripted-peer.ts';
import { storeAround } from '../../store/test/store-around.ts';
import { resume, start } from './scripted-clients.ts';

const Bytes = defineMessage<string>('bytes');

describe('fresh credentials', () => {
  test('are checked one at a time, and of those that come meanwhile the newest counts', async () => {
    const asked: (number | undefined)[] = [];
    const answers: (() => void)[] = [];
    const { opens, clock, events } = await start({
      authenticate: ({ credentials, session }) => {
        const identity = { identity: 'ada' };
        if (session === undefined) return identity;
        asked.push(credentials?.[0]);
        return new Promise((resolve) => answers.push(() => resolve(identity)));
      },
    });
    const { peer } = await opens();
    for (let number = 1; number <= 200; number++) {
      peer.say({ kind: 'credentials', credentials: Uint8Array.of(number) });
    }
    await clock.settle();
    expect(asked).toEqual([1]);
    answers[0]?.();
    await clock.settle();
    expect(asked).toEqual([1, 200]);
    answers[1]?.();
    await clock.settle();
    expect(events).toEqual(['session']);
  });
});

describe('a store that is slow or broken', () => {
  test('that fails at an opening has the client come back later', async () => {
    const kept = memoryStore({ keep: true });
    const { dial, clock } = await start({
      store: {
        ...storeAround(kept),
        commit: (_, done) => queueMicrotask(() => done(new Error('full'))),
      },
    });
    const peer = dial();
    peer.say(hello());
    await clock.settle();
    expect(peer.last('refuse')).toMatchObject({ code: 'WILCO_STORE_FAILED', retryAfterMs: 2_500 });
  });

  test('answers all resumes that waited for the one before', async () => {
    const kept = memoryStore({ keep: true });
    let isSlow = false;
    const held: (() => void)[] = [];
    const { opens, dial, clock } = await start({
      store: {
        ...storeAround(kept),
        commit: (operations, done) =>
          kept.commit(operations, (error) => {
            if (isSlow) held.push(() => done(error));
            else done(error);
          }),
      },
    });
    const { told } = await opens();
    isSlow = true;
    const peers = [5, 3, 4].map((counter) => {
      const peer = dial();
      peer.say(resume(told, counter));
      return peer;
    });
    await clock.settle();
    expect(peers.map(({ kinds }) => kinds)).toEqual([[], [], []]);
    isSlow = false;
    for (const done of held) done();
    await clock.settle();
    expect(peers.map(({ kinds }) => kinds)).toEqual([['welcome'], ['refuse'], ['refuse']]);
  });

  test('that is a path is refused by name', async () => {
    await expect(listen({ port: 0, store: './outbox' as never })).rejects.toMatchObject({
      code: 'WILCO_OPTION_INVALID',
    });
  });
});

test('an identity has one session, also when two are opened at the same moment', async () => {
  const { server, dial, clock, lost } = await start({
    authenticate: () => ({ identity: 'ada' }),
    oneSessionPerIdentity: true,
  });
  const peers = [dial(), dial()];
  for (const [index, peer] of peers.entries()) {
    peer.say(hello({ runId: `a${index}`.repeat(16) }));
  }
  await clock.settle();
  for (const peer of peers) peer.say(ready());
  await clock.settle();
  expect(server.sessions).toHaveLength(1);
  expect(lost).toHaveLength(1);
});

test('room in all outboxes together comes back, whatever became of the messages', async () => {
  const { opens, dial, clock, sessions } = await start({
    outboxBytesTotal: 10 + LIMITS.messageOverheadBytes,
    whenSessionLost: 'resend',
  });
  const { peer, told } = await opens();
  const body = 'x'.repeat(7);
  const cancelled = sessions[0]?.send(Bytes, body);
  expect(() => sessions[0]?.send(Bytes, body)).toThrow('WILCO_OUTBOX_FULL');
  cancelled?.cancel();
  await clock.settle();
  const expired = sessions[0]?.send(Bytes, body, { ttlMs: 1 });
  peer.vanish();
  await clock.advance(40_000);
  expect(expired?.outcome).toBeDefined();
  const moved = sessions[0]?.send(Bytes, body);
  const next = dial();
  next.say({ ...resume(told, 2), abandon: 'clientStateLost' });
  await clock.settle();
  next.say(ready());
  await clock.settle();
  next.say(ack(2, { 1: 2 }));
  await clock.settle();
  expect(moved?.outcome).toMatchObject({ status: 'handled' });
  expect(() => sessions[1]?.send(Bytes, body)).not.toThrow();
});

describe('what is no option', () => {
  test.each([
    { host: 5 },
    { port: '7' },
    { port: Number.NaN },
    { maxSessions: 0 },
    { maxConnections: 1.5 },
    { retrySpreadMs: -1 },
    { outboxBytesTotal: '1' },
    { windowBudgetBytes: 1 },
    { serverId: '' },
    { whenSessionLost: 'never' },
    { waitMs: 1 },
    { closeTimeoutMs: Number.POSITIVE_INFINITY },
    { helloTimeoutMs: 0 },
    { channels: { orders: { weight: 0 } } },
  ])('%o is refused by name', async (option) => {
    await expect(listen({ port: 0, ...option } as never)).rejects.toMatchObject({
      code: 'WILCO_OPTION_INVALID',
    });
  });

  test('is taken for permission to leave this machine in plain text', async () => {
    await expect(
      listen({ port: 0, host: '192.0.2.1', insecure: 'false' as never }),
    ).rejects.toMatchObject({ code: 'WILCO_INSECURE_REFUSED' });
  });
});
