import { defineMessage } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import { Rehearsal } from '../src/index.ts';
import { MessageHistory } from '../src/rehearsal/message-history.ts';

const Count = defineMessage<{ n: number }, { next: number }>('count');

describe('a rehearsal', () => {
  test('runs handlers on virtual time', async () => {
    await using rehearsal = new Rehearsal();
    const server = await rehearsal.listen();
    server.handle(Count, async ({ n }) => {
      await rehearsal.sleep(3_600_000 / 20);
      return { next: n + 1 };
    });
    const client = rehearsal.connect();
    const startedMs = rehearsal.clock.nowMs();
    expect(await rehearsal.run(() => client.send(Count, { n: 1 }).handled)).toEqual({ next: 2 });
    expect(rehearsal.clock.nowMs() - startedMs).toBeGreaterThanOrEqual(180_000);
  });

  test('is the same again with the same seed, and another one with another', async () => {
    const faults = async (seed: number): Promise<unknown> => {
      await using rehearsal = new Rehearsal({ seed, network: 'terrible' });
      const server = await rehearsal.listen();
      server.handle(Count, ({ n }) => ({ next: n + 1 }));
      const client = rehearsal.connect();
      for (let n = 0; n < 300; n++) client.send(Count, { n });
      await rehearsal.verify();
      return [rehearsal.clock.nowMs(), { ...rehearsal.network.counts }];
    };
    expect(await faults(1)).toEqual(await faults(1));
    expect(await faults(1)).not.toEqual(await faults(2));
  });

  test('counts what the server sends as well', async () => {
    await using rehearsal = new Rehearsal({ network: 'bad' });
    const server = await rehearsal.listen();
    const client = rehearsal.connect();
    client.handle(Count, ({ n }) => ({ next: n }));
    server.on('session', (session) => session.send(Count, { n: 1 }));
    await rehearsal.run(() => client.opened);
    await rehearsal.pass(1);
    const { handled } = await rehearsal.verify();
    expect(handled).toMatchObject([{ from: 'server', type: 'count', starts: 1 }]);
  });

  test('says which messages are not settled when its time is over', async () => {
    await using rehearsal = new Rehearsal({ limitMs: 60_000 });
    const server = await rehearsal.listen();
    server.handle(Count, () => new Promise(() => {}));
    rehearsal.connect().send(Count, { n: 1 }, { id: 'stuck' });
    await expect(rehearsal.settle()).rejects.toThrow(/1 unsettled, first count stuck/);
    await expect(rehearsal.run(() => new Promise(() => {}))).rejects.toThrow(/not done/);
  });

  test('gives the application its own log hook as well', async () => {
    const events: string[] = [];
    await using rehearsal = new Rehearsal();
    const server = await rehearsal.listen({ log: ({ event }) => events.push(event) });
    server.handle(Count, ({ n }) => ({ next: n }));
    rehearsal.connect().send(Count, { n: 1 });
    await rehearsal.verify();
    expect(events).toContain('handler.started');
  });
});

describe('the history of a rehearsal', () => {
  const sender = { time: 0, level: 'debug', side: 'client', session: 's', channel: 'c' } as const;
  const receiver = { ...sender, side: 'server' } as const;

  test('finds what was lost, repeated, out of order or not settled', () => {
    const history = new MessageHistory();
    for (const seq of [1, 2, 3, 4]) {
      history.note({ ...sender, event: 'message.queued', id: `m${seq}`, seq, type: 't' });
    }
    for (const seq of [2, 1, 2]) {
      history.note({ ...receiver, event: 'handler.started', id: `m${seq}`, seq });
    }
    for (const seq of [1, 2, 3]) {
      history.note({ ...sender, event: 'message.handled', id: `m${seq}`, seq });
    }
    const { lost, repeated, outOfOrder, unsettled } = history.report();
    const ids = (messages: readonly { readonly id: string }[]): string[] =>
      messages.map(({ id }) => id);
    expect([lost, repeated, outOfOrder, unsettled].map(ids)).toEqual([
      ['m3'],
      ['m2'],
      ['m1'],
      ['m4'],
    ]);
  });
});
