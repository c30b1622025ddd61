import { memoryStore } from '@wilco/store';
import { defineMessage, json, Rejection, type Client } from '@wilco/client';
import { FaultyStore, SeededRandom } from '@wilco/testkit';
import { describe, expect, test } from 'vitest';
import { virtualPair, type VirtualPair, type VirtualPairOptions } from './virtual-pair.ts';

const Order = defineMessage<string, string>('order');
const Priced = defineMessage<string, { price: number }>('priced', { replyCodec: json });

async function taking(given: VirtualPairOptions = {}): Promise<VirtualPair> {
  const pair = await virtualPair(given);
  pair.server.handle(Order, (body) => {
    if (body === 'refuse') throw new Rejection('NO', 'out of stock');
    return `${body} done`;
  });
  pair.server.handle(Priced, () => ({ price: 7 }));
  return pair;
}

describe('receipts of messages that were sent with keepReceipt', () => {
  test('are kept until they are released, with their replies', async () => {
    const pair = await taking();
    pair.client.send(Order, 'tea', { id: 'a', keepReceipt: true });
    pair.client.send(Order, 'refuse', { id: 'b', keepReceipt: true });
    pair.client.send(Order, 'coffee', { id: 'c' });
    expect(pair.client.receiptOf('a')).toMatchObject({ type: 'order', outcome: undefined });
    await pair.until(() => pair.client.receiptOf('b')?.outcome !== undefined);
    expect(pair.client.receipts()).toMatchObject([
      { id: 'a', outcome: { status: 'handled', reply: 'tea done' } },
      { id: 'b', outcome: { status: 'rejected', code: 'NO', hasRun: true } },
    ]);
    expect(pair.client.release('a')).toBe(true);
    expect(pair.client.release('a')).toBe(false);
    expect(pair.client.receipts().map(({ id }) => id)).toEqual(['b']);
    await pair.stop();
  });

  test('are found by a later run, where the store keeps things', async () => {
    const store = memoryStore({ keep: true });
    const serverStore = memoryStore({ keep: true });
    const first = await taking({ client: { store }, server: { store: serverStore } });
    first.client.send(Order, 'tea', { id: 'a', keepReceipt: true });
    await first.until(() => first.client.receiptOf('a')?.outcome !== undefined);
    await left(first);
    const second = await taking({ client: { store }, server: { store: serverStore } });
    await second.until(() => second.client.isOnline);
    expect(second.client.receiptOf('a')).toMatchObject({
      outcome: { status: 'handled', reply: 'tea done' },
      settledAt: expect.any(Date) as Date,
    });
    second.client.release('a');
    await left(second);
    const third = await taking({ client: { store }, server: { store: serverStore } });
    await third.until(() => third.client.isOnline);
    expect(third.client.receipts()).toEqual([]);
    await third.stop();
  });

  test('are kept of messages that settle in a later run', async () => {
    const store = memoryStore({ keep: true });
    const first = await taking({ client: { store }, faultsFor: () => ({ dial: 'refused' }) });
    first.client.send(Order, 'tea', { id: 'a', keepReceipt: true });
    await first.run(1_000);
    await left(first);
    const second = await taking({ client: { store } });
    await second.until(() => second.client.receiptOf('a')?.outcome !== undefined);
    expect(second.client.receiptOf('a')?.outcome).toMatchObject({ reply: 'tea done' });
    await second.stop();
  });

  test('have their ends after a kill at any time, or their messages are still to end', async () => {
    for (let killedAfterMs = 0; killedAfterMs < 100; killedAfterMs += 5) {
      const first = await taking({ faultsFor: () => ({ dial: 'refused' }) });
      const { clock } = first;
      const given = {
        clock,
        random: new SeededRandom(3),
        storeId: 'disk',
        worth: 'synced',
      } as const;
      let store = new FaultyStore(given);
      const client = first.dial('before', { store });
      const receipt = client.send(Order, 'tea', { id: 'a', keepReceipt: true });
      await first.run(100);
      store.faults = { commitMs: 40 };
      receipt.cancel();
      await first.run(killedAfterMs);
      first.network.host('before').crash('killed');
      store = store.crash();
      store.faults = {};
      const next = first.dial('after', { store });
      await first.until(() => next.receiptOf('a') !== undefined);
      await first.run(1_000);
      const pending = next.stats()?.unsettled;
      const outcome = next.receiptOf('a')?.outcome?.status;
      expect([killedAfterMs, pending, outcome]).toEqual([
        killedAfterMs,
        pending === 1 ? 1 : 0,
        pending === 1 ? undefined : 'cancelled',
      ]);
    }
  });

  test('have their replies read as their type says', async () => {
    const pair = await taking();
    pair.client.send(Priced, 'tea', { id: 'a', keepReceipt: true });
    await pair.until(() => pair.client.receiptOf('a', Priced)?.outcome !== undefined);
    const outcome = pair.client.receiptOf('a', Priced)?.outcome;
    expect(outcome).toEqual({ status: 'handled', reply: { price: 7 }, replyLost: false });
    await pair.stop();
  });

  test('are as many as maxKeptReceipts says, and none is dropped', async () => {
    const pair = await taking({ client: { maxKeptReceipts: 1 } });
    pair.client.send(Order, 'tea', { id: 'a', keepReceipt: true });
    const more = (): unknown => pair.client.send(Order, 'tea', { id: 'b', keepReceipt: true });
    expect(more).toThrow(expect.objectContaining({ code: 'WILCO_RECEIPTS_FULL' }) as Error);
    await pair.until(() => pair.client.receiptOf('a')?.outcome !== undefined);
    expect(more).toThrow();
    pair.client.release('a');
    expect(more).not.toThrow();
    await pair.stop();
  });

  test('need an id, and a client', async () => {
    const pair = await taking();
    await pair.until(() => pair.client.isOnline);
    await pair.run(10);
    const refused = expect.objectContaining({ code: 'WILCO_OPTION_INVALID' }) as Error;
    expect(() => pair.client.send(Order, 'tea', { keepReceipt: true })).toThrow(refused);
    const session = pair.session();
    expect(() => session.send(Order, 'tea', { id: 'a', keepReceipt: true })).toThrow(refused);
    await pair.stop();
  });

  test('are told of messages that never found room as well', async () => {
    const pair = await taking({
      client: { outboxMessages: 1 },
      faultsFor: () => ({ dial: 'refused' }),
    });
    pair.client.send(Order, 'tea');
    pair.client.send(Order, 'tea', { id: 'a', keepReceipt: true, whenFull: 'wait' }).cancel();
    await pair.run(10);
    expect(pair.client.receiptOf('a')?.outcome).toMatchObject({ status: 'cancelled' });
    await pair.stop();
  });

  test('are not expected by a later run of messages that never found room', async () => {
    const pair = await taking();
    const store = faulty(pair);
    const first = pair.dial('first', { store, outboxMessages: 1, port: NOBODY });
    await pair.run(10);
    first.send(Order, 'tea', { id: 'a', keepReceipt: true });
    first.send(Order, 'tea', { id: 'b', keepReceipt: true, whenFull: 'wait' });
    await pair.run(1_000);
    expect(first.receipts().map(({ id }) => id)).toEqual(['a', 'b']);
    const second = pair.dial('second', { store: crashed(pair, 'first', store) });
    await pair.until(() => second.receiptOf('a')?.outcome !== undefined);
    expect(second.receipts().map(({ id }) => id)).toEqual(['a']);
    // The first one does not answer any more.
    await closed(pair, second);
  });

  test('are kept of what is sent again before the store is open, and let go of where they are released by then', async () => {
    const pair = await taking();
    const store = faulty(pair);
    const first = pair.dial('first', { store, port: NOBODY });
    first.send(Order, 'tea', { id: 'a', keepReceipt: true });
    first.send(Order, 'tea', { id: 'b', keepReceipt: true });
    await pair.run(1_000);
    await closed(pair, first);
    const second = pair.dial('second', { store });
    second.send(Order, 'tea', { id: 'a', keepReceipt: true });
    second.release('b');
    await pair.until(() => second.isOnline && second.stats()?.unsettled === 0);
    const kept = [{ id: 'a', outcome: { status: 'handled', reply: 'tea done' } }];
    expect(second.receipts()).toMatchObject(kept);
    await closed(pair, second);
    const third = pair.dial('third', { store });
    await pair.until(() => third.isOnline);
    expect(third.receipts()).toMatchObject(kept);
    await pair.stop();
  });

  test('say in doubt where the store has lost messages, until the true end is there', async () => {
    const pair = await taking();
    const store = faulty(pair);
    const first = pair.dial('first', { store, port: NOBODY });
    first.send(Order, 'tea', { id: 'a', keepReceipt: true });
    await pair.run(1_000);
    await closed(pair, first);
    store.faults = { damage: [{ code: 'WILCO_STORE_SET_BACK', detail: '', session: undefined }] };
    const second = pair.dial('second', { store });
    await pair.run(0.5);
    expect(second.receiptOf('a')?.outcome).toEqual({
      status: 'inDoubt',
      code: 'WILCO_STORE_DAMAGED',
    });
    await pair.until(() => second.receiptOf('a')?.outcome?.status === 'handled');
    await pair.stop();
  });

  test('are not expected of a message that was not taken', async () => {
    const pair = await taking({ client: { outboxMessages: 1 } });
    pair.client.send(Order, 'tea');
    expect(() => pair.client.send(Order, 'tea', { id: 'a', keepReceipt: true })).toThrow();
    expect(pair.client.receipts()).toEqual([]);
    await pair.stop();
  });
});

/** A port where nobody listens. */
const NOBODY = 7_999;

function faulty({ clock }: VirtualPair): FaultyStore {
  return new FaultyStore({ clock, random: new SeededRandom(3), storeId: 'disk', worth: 'synced' });
}

/** What the disk holds after the process on a host was killed. */
function crashed({ network }: VirtualPair, host: string, store: FaultyStore): FaultyStore {
  network.host(host).crash('killed');
  return store.crash();
}

async function closed(pair: VirtualPair, client: Client): Promise<void> {
  let isOver = false;
  void client.close({ drainMs: 0 }).then(() => (isOver = true));
  await pair.until(() => isOver);
}

/** Closes both sides; what stores keep stays. */
async function left(pair: VirtualPair): Promise<void> {
  let isOver = false;
  const ends = [pair.client.close({ drainMs: 0 }), pair.server.close({ drainMs: 0 })];
  void Promise.all(ends).then(() => (isOver = true));
  await pair.until(() => isOver);
}
