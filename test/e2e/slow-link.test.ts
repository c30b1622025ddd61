/** A link that takes seconds for one message: it is slow, not dead. */
import { expect } from 'vitest';
import type { PeerSession, Server } from '@wilco/server';
import { numbers, test } from './endpoints.ts';
import { Blob, Count } from './messages.ts';
import { Relay } from './relay.ts';

const MIB = 1024 * 1024;
/** Twice what waits in front of such a link, so that a busy machine has room. */
const WAIT_MS = 2_000;
const BYTES_PER_SECOND = 2 * MIB;

test('16 MiB over 2 MiB a second take many times the wait: nobody is dead, and others pass between', async ({
  here,
}) => {
  const server = await here.server({ waitMs: WAIT_MS });
  const seen: number[] = [];
  server.handle(Blob, ({ byteLength }) => byteLength);
  server.handle(Count, (value) => {
    seen.push(value);
    return value;
  });
  const relay = here.add(
    await Relay.start(server.address.port, { bytesPerSecond: BYTES_PER_SECOND }),
  );
  const client = here.client(relay.port, { waitMs: WAIT_MS });
  const offline: string[] = [];
  client.on('offline', ({ error }) => offline.push(error.code));
  server.on('offline', ({ error }) => offline.push(error.code));
  await client.opened;

  const beginMs = performance.now();
  const bytes = new Uint8Array(16 * MIB - 1_024).fill(7);
  const large = client.send(Blob, bytes);
  const roundTrips: number[] = [];
  const [session] = await sessionsOf(server);
  client.handle(Count, (value) => value);
  // Something small at a time, in both directions, for as long as the large one is on its way.
  for (let value = 1; large.outcome === undefined; value++) {
    const sentAtMs = performance.now();
    await client.send(Count, value, { channel: 'small' }).handled;
    roundTrips.push(performance.now() - sentAtMs);
    await session?.send(Count, value).handled;
    // A few in a second, so that the two sides' heartbeats are needed too.
    await Promise.race([large.settled, new Promise((resolve) => setTimeout(resolve, 300))]);
  }
  expect(await large.handled).toBe(bytes.byteLength);
  const tookMs = performance.now() - beginMs;
  expect(offline).toEqual([]);
  expect(relay.accepted).toBe(1);
  expect(tookMs).toBeGreaterThan(3 * WAIT_MS);
  expect(seen).toEqual(numbers(seen.length));
  expect(roundTrips.length).toBeGreaterThan(3);
  // Not behind the whole of the large one.
  expect(Math.max(...roundTrips)).toBeLessThan(tookMs / 2);
});

async function sessionsOf(server: Server): Promise<PeerSession[]> {
  if (server.sessions.length === 0) {
    await new Promise<void>((resolve) => server.once('session', () => resolve()));
  }
  return server.sessions;
}
