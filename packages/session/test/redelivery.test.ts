import { expect, test } from 'vitest';
import { Pair } from './pair.ts';

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
