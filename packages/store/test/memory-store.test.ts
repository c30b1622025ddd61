import { describe, expect, test } from 'vitest';
import type { OutgoingRecord, SessionRecord, StoreOperation } from '@wilco/protocol';
import { memoryStore, StoreImage } from '../src/index.ts';

const SESSION: SessionRecord = {
  session: 'a',
  role: 'client',
  peerRunId: undefined,
  serverId: undefined,
  token: undefined,
  tokenHashes: [],
  identity: undefined,
  attempt: undefined,
};

describe('a memory store', () => {
  test('is volatile unless told to keep, and never worth more than memory', () => {
    expect(memoryStore().isVolatile).toBe(true);
    expect(memoryStore({ keep: true }).isVolatile).toBe(false);
    expect(memoryStore({ keep: true }).worth).toBe('memory');
  });

  test('has a name of its own, or the one that it is given', async () => {
    const [first, second] = [await memoryStore().open(), await memoryStore().open()];
    expect(first.storeId).not.toBe(second.storeId);
    expect((await memoryStore({ storeId: 'orders' }).open()).storeId).toBe('orders');
  });

  test('that keeps holds its sessions from one opening to the next', async () => {
    const store = memoryStore({ keep: true, storeId: 'orders' });
    await store.open();
    await new Promise((resolve) =>
      store.commit([{ type: 'putSession', record: SESSION }], resolve),
    );
    await store.close();
    const { storeId, bootCount, sessions } = await store.open();
    expect([storeId, bootCount]).toEqual(['orders', 2]);
    expect(sessions.map(({ session }) => session)).toEqual([SESSION]);
  });

  test('belongs to one endpoint at a time', async () => {
    const store = memoryStore();
    await store.open();
    await expect(store.open()).rejects.toThrow('open already');
  });

  test('takes no commit while it is closed', async () => {
    const store = memoryStore({ keep: true });
    expect(() => store.commit([], () => {})).toThrow('not open');
  });
});

describe('a store image', () => {
  test('refuses a whole commit with a record that could never be found again', () => {
    const image = new StoreImage();
    const orphan = { ...SESSION, session: 'b' };
    const operations: StoreOperation[] = [
      { type: 'putSession', record: orphan },
      { type: 'putOutgoing', record: outgoing(1) },
    ];
    expect(() => image.apply(operations)).toThrow('putOutgoing for the session a');
    expect(image.size).toBe(0);
  });

  test('takes the record of a session after those that belong to it, within one commit', () => {
    const image = new StoreImage();
    image.apply([
      { type: 'putOutgoing', record: outgoing(1) },
      { type: 'putSession', record: SESSION },
    ]);
    expect(image.sessions()[0]?.outgoing).toHaveLength(1);
  });

  test('and its clone go separate ways', () => {
    const image = new StoreImage();
    image.apply([
      { type: 'putSession', record: SESSION },
      { type: 'putOutgoing', record: outgoing(1) },
    ]);
    const clone = image.clone();
    clone.apply([{ type: 'putOutgoing', record: outgoing(2) }]);
    image.apply([{ type: 'dropOutgoing', session: 'a', channel: 1, from: 1, to: 2 }]);
    expect([image.size, clone.size]).toEqual([1, 3]);
  });
});

function outgoing(seq: number): OutgoingRecord {
  return {
    session: 'a',
    channel: 1,
    seq,
    type: 'order',
    id: undefined,
    isResent: false,
    expiresAtWallMs: undefined,
    queuedAtWallMs: 0,
    voidReason: undefined,
    answer: undefined,
    payload: new Uint8Array(),
  };
}
