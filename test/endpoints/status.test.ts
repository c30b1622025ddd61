import { memoryStore } from '@wilco/store';
import { defineMessage, Rejection } from '@wilco/protocol';
import type { Client, StatusReport } from '@wilco/client';
import { describe, expect, test } from 'vitest';
import { virtualPair, type VirtualPair } from './virtual-pair.ts';

const Order = defineMessage<string, string>('order');

/** Waits for an answer, in virtual time. */
async function answered<Value>(pair: VirtualPair, asked: Promise<Value>): Promise<Value> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  asked.then(over, over);
  await pair.until(() => isOver);
  return asked;
}

function statusOf(pair: VirtualPair, id: string, from: Pick<Client, 'status'> = pair.client) {
  return answered<StatusReport>(pair, from.status(id));
}

/** A pair whose server takes an order as its body says. */
async function taking(server: Parameters<typeof virtualPair>[0] = {}): Promise<VirtualPair> {
  const pair = await virtualPair(server);
  pair.server.handle(Order, async (body) => {
    if (body === 'refuse') throw new Rejection('NO', 'out of stock');
    if (body === 'hang') await new Promise(() => {});
    return body;
  });
  await pair.until(() => pair.client.isOnline);
  await pair.run(10);
  return pair;
}

describe('the status of a message', () => {
  test('is handled, or rejected with the reason, once it has ended under an id of its own', async () => {
    const pair = await taking();
    for (const [id, body] of [
      ['a', 'take'],
      ['b', 'refuse'],
    ] as const) {
      const receipt = pair.client.send(Order, body, { id });
      await pair.until(() => receipt.outcome !== undefined);
    }
    expect(await statusOf(pair, 'a')).toEqual({ status: 'handled', reason: '' });
    expect(await statusOf(pair, 'b')).toEqual({ status: 'rejected', reason: 'NO: out of stock' });
    await pair.stop();
  });

  test('is pending while its handler runs, or waits for another one, and says so', async () => {
    const pair = await taking();
    pair.client.send(Order, 'hang', { id: 'a' });
    const second = pair.client.send(Order, 'take');
    await pair.run(2_000);
    expect(await statusOf(pair, 'a')).toMatchObject({
      status: 'pending',
      reason: expect.stringMatching(/^its handler runs since (199\d|20\d\d) ms$/) as string,
    });
    expect(await statusOf(pair, second.id ?? '')).toEqual({
      status: 'pending',
      reason: 'it waits for its handler, behind 1 others, first of all #1',
    });
    await pair.stop();
  });

  test('is never seen where nothing came under the id, and forgotten where it may have', async () => {
    const pair = await taking({ server: { maxIds: 1 } });
    expect(await statusOf(pair, 'a')).toMatchObject({ status: 'neverSeen' });
    for (const id of ['a', 'b']) {
      const receipt = pair.client.send(Order, 'take', { id });
      await pair.until(() => receipt.outcome !== undefined);
    }
    await pair.run(5_000);
    expect(await statusOf(pair, 'a')).toMatchObject({ status: 'forgotten' });
    const young = pair.client.status('c', { ageMs: 1_000 });
    expect(await answered(pair, young)).toMatchObject({ status: 'neverSeen' });
    const old = pair.client.status('c', { ageMs: 10_000 });
    expect(await answered(pair, old)).toMatchObject({ status: 'forgotten' });
    await pair.stop();
  });

  test('is forgotten where it was sent before the memory of the server began', async () => {
    const pair = await taking();
    const asked = pair.client.status('a', { ageMs: 1_000_000 });
    expect(await answered(pair, asked)).toMatchObject({ status: 'forgotten' });
    await pair.stop();
  });

  test('of one without an id of its own is known by its place, until its sender was told how it ended', async () => {
    const pair = await taking();
    const receipt = pair.client.send(Order, 'take');
    await pair.until(() => receipt.outcome !== undefined);
    await pair.run(100);
    const id = receipt.id ?? '';
    expect(await statusOf(pair, id)).toMatchObject({ status: 'forgotten' });
    expect(await statusOf(pair, id.replace(/1$/, '2'))).toMatchObject({ status: 'neverSeen' });
    await pair.stop();
  });

  test('can be asked by a server as well', async () => {
    const pair = await taking();
    pair.client.handle(Order, (body) => body);
    const receipt = pair.session().send(Order, 'take', { id: 'a' });
    await pair.until(() => receipt.outcome !== undefined);
    expect(await statusOf(pair, 'a', pair.session())).toMatchObject({ status: 'handled' });
    await pair.stop();
  });

  test('is asked for on the next connection, where there is none', async () => {
    const pair = await taking();
    const receipt = pair.client.send(Order, 'take', { id: 'a' });
    await pair.until(() => receipt.outcome !== undefined);
    pair.link().reset();
    const asked = pair.client.status('a');
    expect(await answered(pair, asked)).toMatchObject({ status: 'handled' });
    await pair.stop();
  });

  test('is waited for as long as waitMs says', async () => {
    const pair = await taking({
      faultsFor: ({ number }) => ({ dial: number === 1 ? 'accepted' : 'refused' }),
    });
    pair.link().reset();
    await pair.run(10);
    const beganMs = pair.clock.nowMs();
    await expect(answered(pair, pair.client.status('a', { waitMs: 3_000 }))).rejects.toMatchObject({
      code: 'WILCO_WAIT_OVER',
    });
    expect(pair.clock.nowMs() - beganMs).toBe(3_000);
    await pair.stop();
  });

  test('is not waited for any more when the client is closed', async () => {
    const pair = await taking();
    pair.link().reset();
    const asked = expect(pair.client.status('a')).rejects.toMatchObject({ code: 'WILCO_CLOSED' });
    await pair.stop();
    await asked;
  });

  test('is asked for by as many as like, 64 at a time', async () => {
    const pair = await taking();
    const asked = Array.from({ length: 500 }, (_, index) => pair.client.status(String(index)));
    const reports = await answered(pair, Promise.all(asked));
    expect(new Set(reports.map(({ status }) => status))).toEqual(new Set(['neverSeen']));
    expect(pair.client.stats()?.connectionsLost).toBe(0);
    await pair.stop();
  });

  test('is known after a restart of a server with a store', async () => {
    const store = memoryStore({ keep: true });
    const named = { authenticate: () => ({ identity: 'anna' }), store };
    const first = await taking({ server: named });
    const receipt = first.client.send(Order, 'take', { id: 'a' });
    await first.until(() => receipt.outcome !== undefined);
    await first.stop();
    const second = await taking({ server: named });
    expect(await statusOf(second, 'a')).toMatchObject({ status: 'handled' });
    await second.stop();
  });
});

describe('an explanation', () => {
  test('says of each pending message what it waits for, here and there', async () => {
    const pair = await taking({ server: { windowMessages: 2, windowMessagesMax: 2 } });
    for (const id of ['a', 'b', 'c', 'd']) pair.client.send(Order, 'hang', { id });
    await pair.run(1_000);
    const told = await answered(pair, pair.client.explain());
    expect(told.map(({ id, stage, there }) => [id, stage, there?.status])).toEqual([
      ['a', 'received', 'pending'],
      ['b', 'received', 'pending'],
      ['c', 'queued', undefined],
      ['d', 'queued', undefined],
    ]);
    expect(told[0]?.there?.reason).toMatch(/^its handler runs since/);
    expect(told[1]?.there?.reason).toBe(
      'it waits for its handler, behind 1 others, first of all #1',
    );
    expect(told[2]?.here).toMatch(/^not written: the window of its channel holds 2 of 2 messages/);
    expect(told[3]?.here).toMatch(/^not written: behind 1 others of its channel; the window/);
    expect(told[0]).toMatchObject({ type: 'order', channel: 'default', attempts: 1 });
    await pair.stop();
  });

  test('is of this side alone where there is no connection, and at once', async () => {
    const pair = await taking({
      faultsFor: ({ number }) => ({ dial: number === 1 ? 'accepted' : 'refused' }),
    });
    pair.client.send(Order, 'hang', { id: 'a' });
    await pair.run(100);
    pair.link().reset();
    await pair.run(100);
    pair.client.send(Order, 'take', { id: 'b' });
    const beganMs = pair.clock.nowMs();
    const told = await answered(pair, pair.client.explain());
    expect(pair.clock.nowMs()).toBe(beganMs);
    expect(told).toMatchObject([
      { id: 'a', stage: 'received', there: undefined },
      { id: 'b', here: 'not written: there is no connection', there: undefined },
    ]);
    await pair.stop();
  });

  test('gives up the word of the peer after waitMs', async () => {
    const pair = await taking();
    pair.client.send(Order, 'hang', { id: 'a' });
    await pair.run(100);
    pair.link().blackHole('down');
    const beganMs = pair.clock.nowMs();
    const told = await answered(pair, pair.client.explain({ waitMs: 1_500 }));
    expect(pair.clock.nowMs() - beganMs).toBe(1_500);
    expect(told).toMatchObject([{ id: 'a', stage: 'received', there: undefined }]);
    await pair.stop();
  });

  test('is of one message, and of as many as limit says', async () => {
    const pair = await taking();
    for (const id of ['a', 'b', 'c']) pair.client.send(Order, 'hang', { id });
    await pair.run(100);
    expect(await answered(pair, pair.client.explain({ id: 'b' }))).toMatchObject([{ id: 'b' }]);
    expect(await answered(pair, pair.client.explain({ limit: 2 }))).toHaveLength(2);
    await pair.stop();
  });
});
