import { describe, expect, test } from 'vitest';
import {
  connect,
  defineMessage,
  type ClientOptions,
  type UnobservedFailure,
} from '../src/index.ts';
import { ManualClock } from '../../endpoint/test/manual-clock.ts';
import { MemoryTransport } from '../../endpoint/test/memory-transport.ts';
import { ack, ScriptedPeer, welcome } from '../../endpoint/test/scripted-peer.ts';

const Order = defineMessage<unknown, string>('order');

describe('sending', () => {
  test('fails at once for what can not be sent, before anything is taken', async () => {
    const { client, peer, clock } = await start({ maxMessageBytes: 100 });
    expect(() => client.send(Order, () => {})).toThrow('WILCO_PAYLOAD_UNENCODABLE');
    expect(() => client.send(Order, 'x'.repeat(101))).toThrow('WILCO_PAYLOAD_TOO_LARGE');
    expect(() => client.send(Order, 1, { ttlMs: 0 })).toThrow('WILCO_OPTION_INVALID');
    expect(() => client.send(Order, 1, { channel: '' })).toThrow('WILCO_OPTION_INVALID');
    expect(() => client.send(Order, 1, { id: 'x'.repeat(129) })).toThrow('WILCO_OPTION_INVALID');
    const signal = AbortSignal.abort();
    expect(() => client.send(Order, 1, { signal })).toThrow('WILCO_CANCELLED');
    client.send(Order, 1);
    await clock.settle();
    expect(peer.all('message').map(({ seq }) => seq)).toEqual([1]);
  });

  test('a codec of the user’s that throws is a message that can not be encoded', async () => {
    const { client } = await start();
    const codec = {
      name: 'picky',
      encode: (): Uint8Array => {
        throw new RangeError('not like that');
      },
      decode: () => 1,
    };
    const Picky = defineMessage<number>('picky', { codec });
    expect(() => client.send(Picky, 1)).toThrow(/WILCO_PAYLOAD_UNENCODABLE.*not like that/);
  });

  test('fails when the outbox is full, or waits, in order, for as many as may wait', async () => {
    const { client, peer, clock } = await start({ outboxMessages: 2 });
    const first = [client.send(Order, 1), client.send(Order, 2)];
    expect(() => client.send(Order, 3)).toThrow('WILCO_OUTBOX_FULL');
    const waiting = Array.from({ length: 1_000 }, (_, index) =>
      client.send(Order, index, { whenFull: 'wait' }),
    );
    expect(() => client.send(Order, 3, { whenFull: 'wait' })).toThrow('WILCO_OUTBOX_FULL');
    expect(waiting[0]?.id).toBeUndefined();
    await clock.settle();
    peer.say(ack(2, { 1: 3 }));
    await clock.settle();
    expect(first.map(({ outcome }) => outcome?.status)).toEqual(['handled', 'handled']);
    await waiting[1]?.queued;
    expect(peer.all('message').map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(() => client.send(Order, 4)).toThrow('WILCO_OUTBOX_FULL');
  });

  test('nobody overtakes who waits, however small', async () => {
    const { client, peer, clock } = await start({ outboxBytes: 100 });
    client.send(Order, 'x'.repeat(60));
    const large = client.send(Order, 'x'.repeat(80), { whenFull: 'wait' });
    expect(() => client.send(Order, 1)).toThrow('WILCO_OUTBOX_FULL');
    const small = client.send(Order, 2, { whenFull: 'wait' });
    await clock.settle();
    peer.say(ack(2, { 1: 2 }));
    await clock.settle();
    await Promise.all([large.queued, small.queued]);
    expect(peer.all('message').map(({ payload }) => payload.length)).toEqual([62, 82, 1]);
  });

  test('a message that waits for room can expire, be withdrawn, or outlive its client', async () => {
    const { client, clock, stop } = await start({ outboxMessages: 1 });
    client.send(Order, 1);
    const expiring = client.send(Order, 2, { whenFull: 'wait', ttlMs: 50 });
    const controller = new AbortController();
    const { signal } = controller;
    const withdrawn = client.send(Order, 3, { whenFull: 'wait', signal });
    const last = client.send(Order, 4, { whenFull: 'wait' });
    controller.abort();
    await clock.advance(60);
    expect(expiring.outcome).toEqual({ status: 'expired', code: 'WILCO_EXPIRED' });
    expect(withdrawn.outcome).toEqual({ status: 'cancelled', code: 'WILCO_CANCELLED' });
    await stop();
    expect(last.outcome).toEqual({ status: 'cancelled', code: 'WILCO_CLOSED' });
    expect(clock.pending).toBe(0);
  });

  test('before the first connection queues, under the ids that they keep', async () => {
    const { client, peer, clock } = await start({}, 'before WELCOME');
    const receipts = [client.send(Order, 1), client.send(Order, 2, { id: 'mine' })];
    const ids = receipts.map(({ id }) => id);
    peer.say(welcome());
    await clock.settle();
    expect(peer.all('message').map(({ id }) => id)).toEqual(ids);
    expect(ids[1]).toBe('mine');
    expect(receipts.map(({ id }) => id)).toEqual(ids);
  });
});

describe('draining', () => {
  test('waits until nothing is unsettled, and stays open', async () => {
    const { client, peer, clock } = await start();
    let isDrained = false;
    client.send(Order, 1);
    void client.drain().then(() => (isDrained = true));
    await clock.settle();
    expect(isDrained).toBe(false);
    peer.say(ack(2, { 1: 2 }));
    await clock.settle();
    expect(isDrained).toBe(true);
    await client.drain();
    client.send(Order, 2);
  });

  test('stops waiting when it is told to, and nothing else stops', async () => {
    const { client, peer, clock } = await start();
    const receipt = client.send(Order, 1);
    const controller = new AbortController();
    const drained = client.drain({ signal: controller.signal });
    controller.abort();
    await expect(drained).rejects.toMatchObject({ code: 'WILCO_CANCELLED' });
    await expect(client.drain({ signal: controller.signal })).rejects.toThrow('WILCO_CANCELLED');
    await clock.settle();
    peer.say(ack(2, { 1: 2 }));
    await clock.settle();
    expect(receipt.outcome?.status).toBe('handled');
  });
});

describe('a failure that nobody asked about', () => {
  test('is an event, once, and never for somebody who looked', async () => {
    const { client, peer, clock } = await start({}, 'before WELCOME');
    const failures: UnobservedFailure[] = [];
    client.on('failureUnobserved', (failure) => failures.push(failure));
    const unseen = client.send(Order, 1, { ttlMs: 10 });
    const seen = client.send(Order, 2, { ttlMs: 10 });
    const told = expect(seen.handled).rejects.toMatchObject({ code: 'WILCO_EXPIRED' });
    await clock.advance(20);
    await told;
    expect(failures).toMatchObject([
      { type: 'order', id: unseen.id, outcome: { status: 'expired' }, session: client },
    ]);
    expect(peer.kinds).toEqual(['hello']);
  });

  test('within the turn in which it settled is seen by who asks in that turn', async () => {
    const { client, clock } = await start({}, 'before WELCOME');
    const failures: unknown[] = [];
    client.on('failureUnobserved', (failure) => failures.push(failure));
    const receipt = client.send(Order, 1);
    receipt.cancel();
    expect(receipt.outcome).toMatchObject({ status: 'cancelled' });
    await clock.settle();
    expect(failures).toEqual([]);
  });
});

async function start(options: Partial<ClientOptions> = {}, phase = 'open') {
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock);
  const peers: ScriptedPeer[] = [];
  transport.onDial = (far) => peers.push(new ScriptedPeer(far));
  const client = connect({ port: 1, transport, clock, ...options });
  await clock.settle();
  const [peer] = peers;
  if (peer === undefined) throw new Error('nobody dialled');
  if (phase === 'open') peer.say(welcome());
  await clock.settle();
  const stop = async (): Promise<void> => {
    const ended = client.end();
    await clock.advance(60_000);
    await ended;
  };
  return { client, clock, peer, stop };
}
