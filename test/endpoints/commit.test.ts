import { describe, expect, test } from 'vitest';
import { defineMessage } from '@wilco/client';
import type { HandlerContext } from '@wilco/server';
import { memoryStore } from '@wilco/store';
import { virtualPair } from './virtual-pair.ts';

const Put = defineMessage<string, string>('put');

function put(key: string) {
  return [{ type: 'put', key, value: 'x' }];
}

describe('a handler that commits writes with its message', () => {
  test('finds them in the store when its sender is told that it was handled; or nothing where it threw', async () => {
    const store = memoryStore({ keep: true });
    const pair = await virtualPair({ server: { store } });
    pair.server.handle(Put, (key, context) => {
      context.commit(put(key));
      if (key === 'bad') throw new Error('oops');
      return key;
    });
    await pair.until(() => pair.client.isOnline);
    const receipts = ['good', 'bad', 'better'].map((key) => pair.client.send(Put, key));
    await pair.run(1_000);
    expect(receipts.map(({ outcome }) => outcome?.status)).toEqual([
      'handled',
      'rejected',
      'handled',
    ]);
    expect([...store.application.keys()]).toEqual(['good', 'better']);
    await pair.stop();
  });

  test('in a session that is over finds them there when the next session tells how it ended', async () => {
    const store = memoryStore({ keep: true });
    let isAway = false;
    const pair = await virtualPair({
      client: { resumeWindowMs: 60_000, waitMs: 1_000 },
      server: { store, resumeWindowMs: 5_000 },
      faultsFor: () => ({ dial: isAway ? 'refused' : 'accepted' }),
    });
    const late: unknown[] = [];
    pair.server.on('lateResult', (result) => late.push(result));
    let starts = 0;
    pair.server.handle(Put, async (key, context) => {
      starts += 1;
      context.commit(put(key));
      await new Promise<void>((resolve) => {
        pair.clock.schedule(pair.clock.nowMs() + 20_000, resolve);
      });
      return key;
    });
    await pair.until(() => pair.client.isOnline);
    const receipt = pair.client.send(Put, 'slow');
    await pair.run(100);
    isAway = true;
    pair.link().cut();
    await pair.run(10_000);
    expect(pair.server.sessions).toEqual([]);
    isAway = false;
    await pair.until(() => receipt.outcome !== undefined);
    expect(receipt.outcome).toMatchObject({ status: 'handled', reply: 'slow' });
    expect([...store.application.keys()]).toEqual(['slow']);
    expect([starts, late]).toEqual([1, []]);
    await pair.stop();
  });

  test('is told at once that its store does not take them, or that there is none', async () => {
    const codes: unknown[] = [];
    const handler = (key: string, context: HandlerContext): string => {
      try {
        context.commit(key);
      } catch (error) {
        codes.push((error as { code?: unknown }).code);
      }
      return key;
    };
    for (const store of [undefined, memoryStore(), memoryStore({ keep: true })]) {
      const pair = await virtualPair({ server: { ...(store !== undefined && { store }) } });
      pair.server.handle(Put, handler);
      await pair.until(() => pair.client.isOnline);
      const receipt = pair.client.send(Put, 'no list');
      await pair.run(1_000);
      expect(receipt.outcome?.status).toBe('handled');
      await pair.stop();
    }
    const none = 'WILCO_WRITES_UNSUPPORTED';
    expect(codes).toEqual([none, none, 'WILCO_OPTION_INVALID']);
  });

  test('that is too late is told that its writes are lost', async () => {
    const store = memoryStore({ keep: true });
    const options = { store, handlerTimeoutMs: 100, handlerGraceMs: 100 };
    const pair = await virtualPair({ server: options });
    const late: unknown[] = [];
    pair.server.on('lateResult', (result) => late.push(result));
    pair.server.handle(Put, async (key, context) => {
      context.commit(put(key));
      await new Promise<void>((resolve) => {
        pair.clock.schedule(pair.clock.nowMs() + 1_000, resolve);
      });
      return key;
    });
    await pair.until(() => pair.client.isOnline);
    const receipt = pair.client.send(Put, 'late');
    await pair.run(2_000);
    expect(receipt.outcome).toMatchObject({ code: 'WILCO_HANDLER_TIMEOUT' });
    expect(late).toMatchObject([{ isHandled: true, hadWrites: true }]);
    expect(store.application.size).toBe(0);
    await pair.stop();
  });
});
