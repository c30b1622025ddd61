import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../store/src/index.ts';
import { connect, defineMessage, type ClientOptions } from '../src/index.ts';
import { ManualClock } from '../../endpoint/test/manual-clock.ts';
import { MemoryTransport } from '../../endpoint/test/memory-transport.ts';
import { storeAround } from '../../store/test/store-around.ts';
import { ack, message, ScriptedPeer, types, welcome } from '../../endpoint/test/scripted-peer.ts';

const Order = defineMessage<number, string>('order');

describe('a client that is closed', () => {
  test('tells a handler that never finishes, and leaves no timer of it', async () => {
    const { client, clock, answers } = start({ closeTimeoutMs: 100 });
    const reasons: unknown[] = [];
    client.handle(Order, (_, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return new Promise<string>(() => {});
    });
    await answers(welcome());
    await answers(types('order'), message(1, 5));
    const closed = client.close({ drainMs: 0 });
    await clock.advance(300);
    await closed;
    expect(reasons).toMatchObject([{ code: 'WILCO_SESSION_ENDED' }]);
    expect(clock.pending).toBe(0);
  });

  test('while its store is being opened lets what was sent still go out', async () => {
    const { store, opens } = slowStore();
    const { client, clock, answers, transport } = start({ store, closeTimeoutMs: 100 });
    const receipt = client.send(Order, 1);
    const closed = client.close({ drainMs: 1_000 });
    await clock.settle();
    opens();
    await clock.settle();
    expect(transport.dialled).toHaveLength(1);
    await answers(welcome());
    await answers(ack(2, { 1: 2 }));
    await clock.advance(300);
    await closed;
    expect(receipt.outcome).toMatchObject({ status: 'handled' });
  });

  test('lets go of a store that was still being opened', async () => {
    const { store, opens, log } = slowStore();
    const { client, clock } = start({ store });
    const receipt = client.send(Order, 1);
    const closed = client.close({ drainMs: 0 });
    await clock.settle();
    expect(receipt.outcome).toMatchObject({ status: 'cancelled' });
    opens();
    await closed;
    expect(log).toEqual(['opened', 'closed']);
    expect(clock.pending).toBe(0);
  });

  test('twice waits twice for the same end', async () => {
    const { store, opens, log } = slowStore();
    const { client, clock } = start({ store });
    opens();
    await clock.settle();
    void client.close({ drainMs: 0 });
    await client.close({ drainMs: 0 });
    expect(log).toEqual(['opened', 'closed']);
  });

  test('keeps the time of the first, shorter drain', async () => {
    const { client, clock, answers, newest } = start({ closeTimeoutMs: 100 });
    await answers(welcome());
    client.send(Order, 1);
    void client.close({ drainMs: 200 });
    const closed = client.close({ drainMs: 5_000 });
    await clock.advance(250);
    expect(newest().all('close')).toHaveLength(1);
    await clock.advance(300);
    await closed;
  });

  test('drains on, when the session is lost meanwhile', async () => {
    const { client, clock, answers, newest, transport } = start({ closeTimeoutMs: 100 });
    await answers(welcome());
    await answers(ack(2));
    const receipt = client.send(Order, 1);
    await clock.settle();
    const closed = client.close({ drainMs: 5_000 });
    newest().vanish();
    await clock.advance(1_000);
    expect(transport.dialled).toHaveLength(2);
    await answers(welcome({ newReason: 'unknown', sessionId: '22'.repeat(16) }));
    await answers(ack(2, { 1: 2 }));
    await clock.advance(300);
    await closed;
    expect(receipt.outcome).toMatchObject({ status: 'handled' });
  });

  test('and keeps its session for the next run ends the waiting of drain()', async () => {
    const { client, clock, answers } = start({ store: memoryStore({ keep: true }) });
    await clock.settle();
    await answers(welcome());
    client.send(Order, 1);
    await clock.settle();
    const drained = client.drain();
    void drained.catch(() => {});
    const closed = client.close({ drainMs: 0 });
    await clock.advance(10_000);
    await closed;
    await expect(drained).rejects.toMatchObject({ code: 'WILCO_CLOSED' });
  });
});

describe('credentials', () => {
  test('that are neither bytes nor text are refused', () => {
    for (const credentials of [42, null, {}, [1, 2]]) {
      expect(() => connect({ port: 1, credentials: credentials as never })).toThrow(
        'WILCO_OPTION_INVALID',
      );
    }
  });

  test('of a function that gives neither end the client, and it says why', async () => {
    const { client, clock } = start({ credentials: () => undefined as never });
    await clock.settle();
    await expect(client.opened).rejects.toMatchObject({ code: 'WILCO_OPTION_INVALID' });
  });

  test('may come from anything that can be awaited', async () => {
    const later = { then: (tell: (text: string) => void) => tell('sesame') };
    const { clock, newest } = start({ credentials: () => later as never });
    await clock.settle();
    expect(new TextDecoder().decode(newest().last('hello').credentials)).toBe('sesame');
  });
});

test('a session that is lost while the windows take all memory is followed by another', async () => {
  const { client, clock, answers, newest } = start({
    windowBudgetBytes: 65_536,
    reconnect: { minMs: 1, maxMs: 1 },
  });
  await answers(welcome());
  const begun = { totalBytes: 16_384, payload: new Uint8Array(100) };
  await answers(types('order'), message(1, 0, begun));
  newest().vanish();
  await clock.advance(10);
  await answers(welcome({ newReason: 'unknown', sessionId: '22'.repeat(16) }));
  expect(client.isOnline).toBe(true);
  void client.end();
  await clock.advance(20_000);
});

test('200 connections that come and go leave no more timers than one', async () => {
  const { client, clock, answers, newest } = start({ reconnect: { minMs: 1, maxMs: 1 } });
  await answers(welcome());
  await clock.settle();
  const before = clock.pending;
  for (let round = 0; round < 200; round++) {
    newest().vanish();
    await clock.advance(10);
    await answers(welcome({ newReason: undefined, token: new Uint8Array(32).fill(round) }));
  }
  expect(client.isOnline).toBe(true);
  expect(clock.pending).toBeLessThanOrEqual(before + 1);
  const closed = client.end();
  await clock.advance(20_000);
  await closed;
  expect(clock.pending).toBe(0);
});

/** A client on a network in memory; the test plays the server. */
function start(options: Partial<ClientOptions> = {}) {
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock);
  const random = { bytes: (count: number) => new Uint8Array(count).fill(7), fraction: () => 0.5 };
  const client = connect({ port: 1, transport, clock, random, ...options });
  let peer: ScriptedPeer | undefined;
  transport.onDial = (far) => (peer = new ScriptedPeer(far));
  function newest(): ScriptedPeer {
    if (peer === undefined) throw new Error('nobody has dialled');
    return peer;
  }
  const answers = async (...frames: Parameters<ScriptedPeer['say']>): Promise<void> => {
    await clock.settle();
    newest().say(...frames);
    await clock.settle();
  };
  return { client, clock, transport, newest, answers };
}

/** A store that opens when it is told to. */
function slowStore() {
  const log: string[] = [];
  let opens: () => void = () => {};
  const gate = new Promise<void>((resolve) => (opens = resolve));
  const kept = memoryStore({ keep: true });
  const store = storeAround(kept, {
    open: async () => {
      await gate;
      const contents = await kept.open();
      log.push('opened');
      return contents;
    },
    close: async () => {
      await kept.close();
      log.push('closed');
    },
  });
  return { store, opens: () => opens(), log };
}
