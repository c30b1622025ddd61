import { describe, expect, test } from 'vitest';
import { defineMessage, Rejection } from '@wilco/client';
import { PERFECT_PATH } from '@wilco/testkit';
import { virtualPair, type VirtualPair } from './virtual-pair.ts';

const Order = defineMessage<number>('order');
const Parcel = defineMessage<Uint8Array>('parcel');

describe('the figures of a session', () => {
  test('count what was sent and received, and how it ended', async () => {
    const pair = await virtualPair({ client: { outboxMessages: 5 } });
    pair.server.handle(Order, (number) => {
      if (number === 2) throw new Rejection('NO', 'not two');
      return number === 5 ? new Promise(() => {}) : undefined;
    });
    const receipts = [1, 2, 3, 4, 5].map((number) =>
      pair.client.send(Order, number, number === 3 ? { ttlMs: 20 } : {}),
    );
    receipts[3]?.cancel();
    await pair.run(100);
    expect(pair.client.stats()).toMatchObject({
      sent: 5,
      received: 0,
      settled: { handled: 2, rejected: 1, expired: 0, cancelled: 1, inDoubt: 0 },
      unsettled: 1,
      phase: 'open',
    });
    expect(pair.session().stats()).toMatchObject({ sent: 0, received: 4 });
    await pair.stop();
    expect(pair.client.stats()?.settled.inDoubt).toBe(1);
  });

  test('tell what the outbox holds, what of it is in flight, and how old the oldest is', async () => {
    const pair = await virtualPair({ server: { windowMessages: 1, windowMessagesMax: 1 } });
    pair.server.handle(Parcel, () => new Promise(() => {}));
    await pair.until(() => pair.client.isOnline);
    // The window of the session is four times that of a channel; another channel has its own.
    for (let i = 0; i < 3; i++) pair.client.send(Parcel, new Uint8Array(1_000));
    await pair.run(2_000);
    pair.client.send(Parcel, new Uint8Array(10), { channel: 'second' });
    await pair.run(500);
    const stats = pair.client.stats();
    expect(stats).toMatchObject({ unsettled: 4, inFlight: 2, queued: 2, waitingForRoom: 0 });
    expect(stats?.oldestUnsettledMs).toBe(2_500);
    const bytes = [stats?.unsettledBytes ?? 0, stats?.inFlightBytes ?? 0];
    expect(bytes[0]).toBeGreaterThan(3_010);
    expect(bytes[1]).toBeGreaterThan(1_010);
    expect(bytes[1]).toBeLessThan(1_100);
    expect(stats?.windowAnnounced.messages).toBe(4);
    expect(pair.session().stats().windowGranted).toEqual(stats?.windowAnnounced);
    await pair.stop();
  });

  test('tell which handlers run, and which messages wait for theirs', async () => {
    const pair = await virtualPair();
    const done: (() => void)[] = [];
    const handler = (): Promise<void> => new Promise((resolve) => done.push(resolve));
    pair.server.handle(Order, handler, { concurrency: 2 });
    for (let i = 0; i < 5; i++) pair.client.send(Order, i);
    await pair.run(100);
    expect(pair.session().stats()).toMatchObject({ handlersRunning: 2, handlersWaiting: 3 });
    done[0]?.();
    await pair.run(100);
    expect(pair.session().stats()).toMatchObject({ handlersRunning: 2, handlersWaiting: 2 });
    await pair.stop();
  });

  test('tell what waits for room in the outbox', async () => {
    const pair = await virtualPair({ client: { outboxMessages: 2 } });
    pair.server.handle(Order, () => new Promise(() => {}));
    for (let i = 0; i < 5; i++) pair.client.send(Order, i, { whenFull: 'wait' });
    await pair.run(100);
    expect(pair.client.stats()).toMatchObject({ unsettled: 2, waitingForRoom: 3, sent: 2 });
    await pair.stop();
  });

  test('measure the round trip of the connection', async () => {
    const path = { ...PERFECT_PATH, latencyMs: 20 };
    const pair = await virtualPair({ faultsFor: () => ({ up: path, down: path }) });
    pair.server.handle(Order, () => undefined);
    await pair.until(() => pair.client.isOnline);
    expect(pair.client.stats()?.roundTripMs).toBeUndefined();
    expect(pair.client.stats()?.roundTripLeastMs).toBeUndefined();
    pair.client.send(Order, 1);
    await pair.run(100);
    expect(pair.client.stats()).toMatchObject({
      roundTripMs: 40,
      roundTripVariationMs: 20,
      roundTripLeastMs: 40,
    });
    await pair.stop();
  });

  test('count connections and resumes, and survive a resume', async () => {
    const pair = await virtualPair();
    pair.server.handle(Order, () => undefined);
    await handled(pair, 3);
    const before = { client: pair.client.stats(), server: pair.session().stats() };
    expect(before.client).toMatchObject({ connectionsOpened: 1, connectionsLost: 0, resumes: 0 });
    // What is on the way to the client is lost: it sends the message again.
    pair.link().blackHole('down');
    pair.client.send(Order, 4);
    await pair.run(100);
    pair.link().cut();
    await pair.until(() => pair.client.stats()?.unsettled === 0);
    expect(pair.client.stats()).toMatchObject({
      sent: 4,
      connectionsOpened: 2,
      connectionsLost: 1,
      resumes: 1,
    });
    await pair.run(100);
    const after = pair.session().stats();
    expect(after).toMatchObject({ received: 4, connectionsOpened: 2, resumes: 1 });
    expect(after.bytesIn).toBeGreaterThan(before.server.bytesIn);
    expect(after.bytesOut).toBeGreaterThan(before.server.bytesOut);
    await pair.stop();
  });

  test('count what was written again, and what came again and was dropped', async () => {
    const pair = await virtualPair();
    pair.server.handle(Order, () => undefined);
    await handled(pair, 1);
    pair.link().blackHole('up');
    pair.client.send(Order, 2);
    await pair.run(100);
    pair.link().cut();
    await pair.until(() => pair.client.stats()?.unsettled === 0);
    expect(pair.client.stats()).toMatchObject({ sent: 2, repeats: 1 });
    expect(pair.session().stats()).toMatchObject({ received: 2, duplicatesDropped: 0 });
    await pair.stop();
    const path = { ...PERFECT_PATH, repeatRate: 1 };
    const twice = await virtualPair({ isReliable: false, faultsFor: () => ({ up: path }) });
    twice.server.handle(Order, () => undefined);
    await handled(twice, 3);
    expect(twice.session().stats()).toMatchObject({ received: 3, duplicatesDropped: 3 });
    await twice.stop();
  });

  test('count the probes that were sent to a peer that does not acknowledge', async () => {
    const pair = await virtualPair();
    pair.server.handle(Order, () => undefined);
    await handled(pair, 1);
    expect(pair.client.stats()?.probes).toBe(0);
    pair.link().blackHole('down');
    pair.client.send(Order, 2);
    await pair.run(5_000);
    expect(pair.client.stats()?.probes).toBeGreaterThan(1);
    await pair.stop();
  });

  test('count the bytes of the wire: on a perfect link both sides the same', async () => {
    const pair = await virtualPair();
    pair.server.handle(Parcel, () => undefined);
    pair.client.send(Parcel, new Uint8Array(100_000));
    await pair.until(() => pair.client.stats()?.settled.handled === 1);
    await pair.run(100);
    const [client, server] = [pair.client.stats(), pair.session().stats()];
    expect([client?.bytesOut, client?.bytesIn]).toEqual([server.bytesIn, server.bytesOut]);
    expect(client?.bytesOut).toBeGreaterThan(100_000);
    expect(client?.bytesOut).toBeLessThan(101_000);
    await pair.stop();
  });
});

describe('the figures of a server', () => {
  test('are the sums over its sessions, and go on counting when one is over', async () => {
    const pair = await virtualPair();
    pair.server.handle(Order, (number) => (number < 0 ? new Promise(() => {}) : undefined));
    const second = pair.dial('second');
    second.send(Order, 1);
    await handled(pair, 2);
    pair.client.send(Order, -1);
    await pair.run(1_000);
    const both = pair.server.stats();
    expect(both).toMatchObject({ sessions: 2, sessionsOnline: 2, connections: 2 });
    expect(both).toMatchObject({ unauthenticated: 0, received: 4, handlersRunning: 1 });
    const parts = pair.server.sessions.map((session) => session.stats());
    expect(both.bytesIn).toBe(parts.reduce((sum, { bytesIn }) => sum + bytesIn, 0));
    let isEnded = false;
    void second.end().then(() => (isEnded = true));
    await pair.until(() => isEnded);
    await pair.run(100);
    expect(pair.server.stats()).toMatchObject({ sessions: 1, connections: 1, received: 4 });
    expect(pair.server.stats().bytesIn).toBeGreaterThanOrEqual(both.bytesIn);
    await pair.stop();
    expect(pair.server.stats()).toMatchObject({ sessions: 0, received: 4, handlersRunning: 0 });
  });

  test('tell what of its memory is promised and used', async () => {
    const pair = await virtualPair({ client: { handlerTimeoutMs: 100_000 } });
    const empty = pair.server.stats();
    expect(empty).toMatchObject({ windowBudgetUsedBytes: 0, outboxUsedBytes: 0, sessions: 0 });
    pair.client.handle(Parcel, () => new Promise(() => {}));
    await pair.until(() => pair.server.sessions.length === 1);
    pair.session().send(Parcel, new Uint8Array(5_000));
    await pair.run(100);
    const { windowBudgetUsedBytes, outboxUsedBytes, unsettled } = pair.server.stats();
    expect(windowBudgetUsedBytes).toBeGreaterThan(65_536);
    expect(outboxUsedBytes).toBeGreaterThanOrEqual(5_000);
    expect(unsettled).toBe(1);
    await pair.stop();
  });

  test('tell strangers from those that were authenticated, and who is offline', async () => {
    let letIn = (): void => {};
    const authenticate = (): Promise<{ identity: string }> =>
      new Promise((resolve) => {
        letIn = () => resolve({ identity: 'somebody' });
      });
    const pair = await virtualPair({ server: { authenticate } });
    await pair.run(100);
    expect(pair.server.stats()).toMatchObject({ connections: 1, unauthenticated: 1, sessions: 0 });
    letIn();
    await pair.run(100);
    expect(pair.server.stats()).toMatchObject({ connections: 1, unauthenticated: 0, sessions: 1 });
    pair.network.host('client').crash('killed');
    await pair.run(100);
    expect(pair.server.stats()).toMatchObject({ connections: 0, sessions: 1, sessionsOnline: 0 });
  });
});

/** Sends so many, and lets time pass until all are handled. */
async function handled(pair: VirtualPair, count: number): Promise<void> {
  for (let i = 0; i < count; i++) pair.client.send(Order, i);
  await pair.until(() => pair.client.stats()?.settled.handled === count);
}
