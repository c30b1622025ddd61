import { describe, expect, test } from 'vitest';
import { defineMessage, Rejection, type EndpointEvents, type ListenerFailure } from '@wilco/client';
import { virtualPair, type VirtualPair } from './virtual-pair.ts';

const Work = defineMessage<string, string>('work');

describe('events of what nobody waits for', () => {
  test('failureUnobserved tells of a message that failed, unless somebody asked for its receipt', async () => {
    const pair = await virtualPair();
    const failures: string[] = [];
    pair.client.on('failureUnobserved', ({ type, outcome }) => {
      failures.push(`${type} ${outcome.status}`);
    });
    pair.server.handle(Work, (what) => {
      if (what === 'bad') throw new Rejection('NO', 'no');
      return 'done';
    });
    const watched = pair.client.send(Work, 'bad').settled;
    pair.client.send(Work, 'good');
    await pair.run(100);
    expect(failures).toEqual([]);
    expect((await watched).status).toBe('rejected');
    pair.client.send(Work, 'bad');
    await pair.run(100);
    expect(failures).toEqual(['work rejected']);
    await pair.stop();
  });

  test('lateResult tells of a handler that finished after its message was rejected for it', async () => {
    const pair = await virtualPair({ server: { handlerTimeoutMs: 100, handlerGraceMs: 50 } });
    const late: unknown[] = [];
    pair.server.on('lateResult', ({ type, id, isHandled }) => late.push([type, id, isHandled]));
    let finish: (reply: string) => void = () => {};
    pair.server.handle(Work, () => new Promise((resolve) => (finish = resolve)));
    const receipt = pair.client.send(Work, 'slow', { id: 'mine' });
    await pair.run(500);
    expect(receipt.outcome).toMatchObject({ code: 'WILCO_HANDLER_TIMEOUT', hasRun: true });
    expect(late).toEqual([]);
    finish('at last');
    await pair.run(100);
    expect(late).toEqual([['work', 'mine', true]]);
    await pair.stop();
  });

  test('handlerFailed tells this side what a handler threw, but not of its rejections', async () => {
    const pair = await virtualPair();
    const failed: unknown[] = [];
    pair.server.on('handlerFailed', ({ type, error }) => failed.push([type, error]));
    const error = new TypeError('oops');
    pair.server.handle(Work, (what) => {
      throw what === 'reject' ? new Rejection('NO', 'no') : error;
    });
    const receipts = ['reject', 'throw'].map((what) => pair.client.send(Work, what));
    await pair.run(100);
    expect(failed).toEqual([['work', error]]);
    const codes = receipts.map(({ outcome }) => outcome?.status === 'rejected' && outcome.code);
    expect(codes).toEqual(['NO', 'WILCO_HANDLER_FAILED']);
    await pair.stop();
  });

  test('listenerFailed tells of a listener that throws, or rejects; nothing else is harmed', async () => {
    const pair = await virtualPair();
    const failed: unknown[] = [];
    onBoth(pair, 'listenerFailed', (failure) => {
      const { event, error } = failure as ListenerFailure;
      failed.push([event, String(error)]);
      throw new Error('and again');
    });
    pair.client.on('online', () => {
      throw new Error('thrown');
    });
    pair.server.on('session', () => Promise.reject(new Error('rejected')));
    let isHeard = false;
    pair.client.on('online', () => void (isHeard = true));
    pair.server.handle(Work, () => 'done');
    const receipt = pair.client.send(Work, 'work');
    await pair.run(100);
    expect(failed.toSorted()).toEqual([
      ['online', 'Error: thrown'],
      ['session', 'Error: rejected'],
    ]);
    expect(isHeard).toBe(true);
    expect(receipt.outcome?.status).toBe('handled');
    await pair.stop();
  });

  test.each(['failureUnobserved', 'lateResult', 'handlerFailed'] as const)(
    'a listener of %s that throws harms neither the session nor other listeners',
    async (event) => {
      const pair = await virtualPair({ server: { handlerTimeoutMs: 10, handlerGraceMs: 0 } });
      const heard: string[] = [];
      onBoth(pair, event, () => {
        throw new Error('thrown');
      });
      onBoth(pair, event, () => heard.push(event));
      onBoth(pair, 'listenerFailed', (failure) => {
        heard.push(`failed ${(failure as ListenerFailure).event}`);
      });
      pair.server.handle(Work, async (what) => {
        if (what === 'good') return 'done';
        await new Promise<void>((resolve) => {
          pair.clock.schedule(pair.clock.nowMs() + 50, resolve);
        });
        throw new Error('too late');
      });
      pair.client.send(Work, 'bad');
      const receipt = pair.client.send(Work, 'good');
      await pair.run(500);
      expect(heard).toEqual([`failed ${event}`, event]);
      expect(receipt.outcome?.status).toBe('handled');
      await pair.stop();
    },
  );
});

/** Listens at both sides. */
function onBoth(
  { client, server }: VirtualPair,
  name: keyof EndpointEvents,
  listener: (value: unknown) => unknown,
): void {
  client.on(name, listener);
  server.on(name, listener);
}
