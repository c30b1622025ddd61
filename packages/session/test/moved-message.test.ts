import { expect, test } from 'vitest';
import { Pair } from './pair.ts';

const MIB = 1024 * 1024;
const WIDE = { windowBytes: 64 * MIB, windowBytesMax: 64 * MIB, windowMessages: 1_024 };

test('a message that moved counts nothing of the session that it comes from', () => {
  const old = new Pair({ server: WIDE });
  old.connect();
  for (let i = 0; i < 100; i++) old.send(old.client, { bytes: new Uint8Array(60_000) });
  old.advance(5_000);
  old.server.respond = undefined;
  const moved = old.send(old.client);
  old.advance(5_000);
  old.cut();
  expect(old.client.session.surrender(old.nowMs)).toHaveLength(1);

  const pair = new Pair({ server: WIDE });
  pair.latencyMs = 500;
  pair.client.session.resubmit(moved, true, pair.nowMs);
  pair.client.session.cancel(moved);
  pair.connect();
  pair.advance(2_000);
  const before = writtenBytes(pair);
  for (let i = 0; i < 100; i++) pair.send(pair.client, { bytes: new Uint8Array(60_000) });
  pair.advance(10);
  expect(writtenBytes(pair) - before).toBeLessThan(1.25 * MIB);
  expect(pair.client.session.stats(pair.nowMs)).toMatchObject({ sent: 101, unsettled: 100 });
});

function writtenBytes({ client }: Pair): number {
  let bytes = 0;
  for (const frame of client.frames) if (frame.kind === 'message') bytes += frame.payload.length;
  return bytes;
}
