import { defineMessage } from '@wilco/client';
import { listen, type Server, type ServerOptions } from '@wilco/server';
import { FaultyStore, SeededRandom, type VirtualClock } from '@wilco/testkit';
import { expect, test } from 'vitest';
import { PORT, virtualPair, type VirtualPair } from './virtual-pair.ts';

const Order = defineMessage<number, number>('order');
const Note = defineMessage<number>('note');
/** Where nobody meets. */
const NOWHERE = PORT + 1;

/** A disk that can be set back to a copy. */
function disk(clock: VirtualClock): FaultyStore {
  return new FaultyStore({ clock, random: new SeededRandom(3), storeId: 'disk', worth: 'synced' });
}

/** So many numbers, from one on. */
function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

async function done(pair: VirtualPair, closing: Promise<void>): Promise<void> {
  let isDone = false;
  void closing.then(() => (isDone = true));
  await pair.until(() => isDone);
}

async function serverOn(
  pair: VirtualPair,
  run: number,
  options: Partial<ServerOptions>,
): Promise<Server> {
  const { clock, network } = pair;
  const given = { transport: network.host('server').transport(), clock };
  const opening = listen({ port: PORT, ...given, random: new SeededRandom(run), ...options });
  await pair.run(0.1);
  return opening;
}

test('a client that was set back and starts twice before it comes back is found out', async () => {
  const pair = await virtualPair();
  const handled: number[] = [];
  pair.server.handle(Order, (value) => {
    handled.push(value);
    return value;
  });
  const store = disk(pair.clock);
  const first = pair.dial('first', { store });
  await pair.until(() => first.isOnline);
  await pair.run(5);
  const older = store.clone();
  for (const value of numbers(5)) first.send(Order, value);
  await pair.until(() => handled.length === 5);
  await done(pair, first.close());

  // More than before: their places reach beyond all that the server holds.
  const second = pair.dial('second', { store: older, port: NOWHERE });
  for (const value of numbers(10, 100)) second.send(Order, value);
  await pair.run(10);
  await done(pair, second.close({ drainMs: 0 }));

  const third = pair.dial('third', { store: older });
  const lost: string[] = [];
  const outcomes: string[] = [];
  third.on('stateLost', ({ reason, resent }) => lost.push(`${reason} ${resent}`));
  third.on('settled', ({ outcome }) => outcomes.push(outcome.status));
  await pair.until(() => outcomes.length === 10);
  expect(lost).toEqual(['clientStateLost 10']);
  expect(handled).toEqual([...numbers(5), ...numbers(10, 100)]);
  await pair.stop();
});

test('a client that was set back and whose session has ended meanwhile is not told what became of others', async () => {
  const pair = await virtualPair({ server: { resumeWindowMs: 2_000 } });
  const handled: number[] = [];
  pair.server.handle(Note, (value) => {
    handled.push(value);
  });
  const store = disk(pair.clock);
  const first = pair.dial('first', { store });
  await pair.until(() => first.isOnline);
  await pair.run(5);
  const older = store.clone();
  for (const value of numbers(5)) first.send(Note, value);
  await pair.until(() => first.stats()?.unsettled === 0);
  await done(pair, first.close());
  await pair.run(3_000);

  // The server knows how the messages at these places ended, and that the session has.
  const second = pair.dial('second', { store: older });
  const lost: string[] = [];
  second.on('stateLost', ({ reason, resent }) => lost.push(`${reason} ${resent}`));
  const receipts = numbers(3, 100).map((value) => second.send(Note, value));
  await pair.until(() => second.stats()?.unsettled === 0);
  expect(receipts.map(({ outcome }) => outcome?.status)).toEqual(['handled', 'handled', 'handled']);
  expect(handled).toEqual([...numbers(5), ...numbers(3, 100)]);
  expect(lost).toEqual(['clientStateLost 3']);
  await pair.stop();
});

test('a server that was set back and starts twice before its client comes back is found out', async () => {
  const pair = await virtualPair();
  const closing = pair.server.close({ drainMs: 0 });
  await done(pair, closing);
  const store = disk(pair.clock);
  const first = await serverOn(pair, 1, { store });
  const handled: number[] = [];
  // Without a reply: it would show what the copy does not know.
  pair.client.handle(Note, (value) => {
    handled.push(value);
  });
  await pair.until(() => pair.client.isOnline && first.sessions.length === 1);
  await pair.run(5);
  const older = store.clone();
  for (const value of numbers(5)) first.sessions[0]?.send(Note, value);
  await pair.until(() => handled.length === 5);
  await pair.run(5);
  await done(pair, first.close({ drainMs: 0 }));

  const second = await serverOn(pair, 2, { store: older, port: NOWHERE });
  expect(second.sessions).toHaveLength(1);
  for (const value of numbers(10, 100)) second.sessions[0]?.send(Note, value);
  await pair.run(10);
  await done(pair, second.close({ drainMs: 0 }));

  const lost: string[] = [];
  pair.client.on('stateLost', ({ reason }) => lost.push(reason));
  const third = await serverOn(pair, 3, { store: older });
  await pair.until(() => lost.length > 0);
  await pair.run(1_000);
  expect(lost).toEqual(['serverStateLost']);
  expect(third.stats().unsettled).toBe(0);
  await done(pair, third.close({ drainMs: 0 }));
  await pair.stop();
});

test('what was queued before a connection, and is sent on it, is no sign of a disk that was set back', async () => {
  const pair = await virtualPair();
  const handled: number[] = [];
  pair.server.handle(Note, (value) => {
    handled.push(value);
  });
  let store = disk(pair.clock);
  const lost: string[] = [];
  for (let run = 0; run < 5; run++) {
    const client = pair.dial(`run ${run}`, { store });
    client.on('stateLost', ({ reason }) => lost.push(reason));
    for (const value of numbers(3, run * 3)) client.send(Note, value);
    await pair.until(() => handled.length > run * 3);
    // At any moment: it may know of its peer's acknowledgements or not.
    await pair.run(run / 2);
    pair.network.host(`run ${run}`).crash('killed');
    store = store.crash();
  }
  const last = pair.dial('last', { store });
  last.on('stateLost', ({ reason }) => lost.push(reason));
  await pair.until(() => last.isOnline && last.stats()?.unsettled === 0);
  expect(lost).toEqual([]);
  expect(handled).toEqual(numbers(15));
  await done(pair, last.close());
  await done(pair, pair.server.close({ drainMs: 0 }));
});

test('what a server sends as soon as its client comes back is no sign of it, whenever it is killed', async () => {
  const pair = await virtualPair();
  await done(pair, pair.server.close({ drainMs: 0 }));
  const handled: number[] = [];
  pair.client.handle(Note, (value) => {
    handled.push(value);
  });
  const lost: string[] = [];
  pair.client.on('stateLost', ({ reason }) => lost.push(reason));
  let store = disk(pair.clock);
  let server = await serverOn(pair, 0, { store });
  await pair.until(() => pair.client.isOnline);
  for (let run = 1; run <= 10; run++) {
    pair.network.host('server').crash('killed');
    store = store.crash();
    server = await serverOn(pair, run, { store });
    store.faults = { commitMs: 30 };
    for (const value of numbers(3, run * 3)) server.sessions[0]?.send(Note, value);
    await pair.until(() => handled.length > run * 3 - 3);
  }
  await pair.until(() => server.stats().unsettled === 0);
  expect(lost).toEqual([]);
  expect(handled).toEqual(numbers(30, 3));
  await done(pair, server.close({ drainMs: 0 }));
  await pair.stop();
});
