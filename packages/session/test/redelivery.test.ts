import { expect, test } from 'vitest';
import { WindowBudget } from '../src/index.ts';
import { HANDLED, Pair } from './pair.ts';

test.each(['withdrawn', 'too old'])(
  'what a handler took before a restart has no end of its own: it is handled again, though it is %s',
  (why) => {
    let concurrency = 2;
    const server = { isVolatile: false, concurrencyOf: () => concurrency };
    const pair = new Pair({}, { client: { isVolatile: false }, server });
    pair.client.commitMs = pair.server.commitMs = 0;
    pair.server.respond = undefined;
    pair.connect();
    // After the restart the first handler keeps the second message waiting.
    pair.send(pair.client);
    const message = pair.send(pair.client, why === 'too old' ? { ttlMs: 500 } : {});
    pair.advance(100);
    expect(pair.server.handledSeqs()).toEqual([1, 2]);
    pair.cut();
    concurrency = 1;
    pair.server.restart();
    pair.connect();
    pair.advance(10);
    if (why === 'withdrawn') pair.client.session.cancel(message);
    pair.advance(1_000);
    expect(pair.client.settlements.get(message)).toBeUndefined();
  },
);

test('of what was restored and never compared with its sender nobody says that no handler took it', () => {
  const server = { isVolatile: false };
  const pair = new Pair({}, { client: server, server });
  pair.client.commitMs = pair.server.commitMs = 0;
  pair.server.respond = undefined;
  pair.connect();
  for (let count = 0; count < 5; count++) pair.send(pair.client);
  pair.advance(100);
  pair.cut();
  const started = (): unknown => {
    pair.server.session.stopHandling();
    return pair.server.session.knowledge.remains(pair.nowMs).channels.map((one) => one.started);
  };
  pair.server.restart();
  expect(started()).toEqual([6]);
  pair.server.restart();
  pair.connect();
  expect(started()).toEqual([2]);
});

test('what was restored never takes more of the window than the sender counts', () => {
  const server = { isVolatile: false };
  const pair = new Pair({ server: { windowBytes: 100 } }, { client: server, server });
  pair.client.commitMs = pair.server.commitMs = 0;
  pair.server.respond = undefined;
  pair.connect();
  pair.send(pair.client, { bytes: new Uint8Array(25) });
  pair.send(pair.client, { bytes: new Uint8Array(125) });
  pair.advance(100);
  pair.cut();
  pair.server.restart();
  pair.send(pair.client, { bytes: new Uint8Array(40) });
  pair.connect();
  pair.advance(100);
  expect(pair.server.dropped).toEqual([]);
});

test('what was restored takes memory of the budget until it is handled, also above what there is', () => {
  const fresh = new WindowBudget(2 ** 23);
  let budget = new WindowBudget(2 ** 28);
  const server = {
    isVolatile: false,
    get budget() {
      return budget;
    },
  };
  const options = { windowBytes: 2 ** 20 };
  const pair = new Pair({ server: options }, { client: { isVolatile: false }, server });
  pair.client.commitMs = pair.server.commitMs = 0;
  pair.server.respond = undefined;
  pair.connect();
  for (let i = 0; i < 16; i++) pair.send(pair.client, { bytes: new Uint8Array(600_000) });
  pair.advance(1_000);
  pair.cut();
  budget = fresh;
  pair.server.restart();
  const large = 16 * 600_000;
  expect(fresh.reservedBytes).toBe(WITH_A_NEW_SESSION + large);
  expect(fresh.freeBytes).toBeLessThan(0);
  pair.server.respond = () => HANDLED;
  pair.connect();
  pair.advance(1_000);
  pair.cut();
  expect(pair.client.session.unsettledCount).toBe(0);
  expect(fresh.reservedBytes).toBe(WITH_A_NEW_SESSION);
});

/** Four times the messages of a channel, and twice its bytes. */
const WITH_A_NEW_SESSION = 256 * 512 + 2 ** 21;
