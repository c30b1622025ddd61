/** The connection is cut after each byte of the opening: the client gets in all the same. */
import { describe, expect } from 'vitest';
import { numbers, test, type Endpoints } from './endpoints.ts';
import { Count } from './messages.ts';
import { Relay, type Cut, type Direction } from './relay.ts';

/** How many are tried side by side. */
const AT_ONCE = 16;
const CASES = [
  ['up', 'reset'],
  ['up', 'end'],
  ['down', 'reset'],
  ['down', 'end'],
] as const;

describe('an opening and a first message', () => {
  test.for(CASES)(
    'cut after each byte that goes %s by a %s, get through, and the message is handled once',
    async ([direction, how], { here }) => {
      const server = await here.server();
      const runs = new Map<number, number>();
      server.handle(Count, (value) => {
        runs.set(value, (runs.get(value) ?? 0) + 1);
        return value;
      });
      const { port } = server.address;
      const bytes = await lengthOf(here, port, direction);
      expect(bytes).toBeGreaterThan(100);

      const places = numbers(bytes + 1).map((place) => place - 1);
      for (let first = 0; first < places.length; first += AT_ONCE) {
        const some = places.slice(first, first + AT_ONCE);
        await Promise.all(some.map((place) => tryCutAt(here, port, { direction, how, place })));
      }

      expect(places.filter((place) => runs.get(place) !== 1)).toEqual([]);
      await expect.poll(socketsHeld, { timeout: 10_000 }).toBe(0);
      // A new session that was not READY died with its connection.
      expect(server.sessions).toHaveLength(0);
    },
  );
});

/** How many bytes pass until a first message is handled and its answer is acknowledged. */
async function lengthOf(here: Endpoints, port: number, direction: Direction): Promise<number> {
  const relay = here.add(await Relay.start(port));
  const client = here.client(relay.port);
  await client.send(Count, -1).handled;
  const bytes = relay.passed[direction];
  await client.close();
  await relay.close();
  return bytes;
}

async function tryCutAt(
  here: Endpoints,
  port: number,
  { direction, how, place }: { direction: Direction; how: Cut; place: number },
): Promise<void> {
  const relay = await Relay.start(port, { cutAt: { direction, bytes: place, how }, cuts: 1 });
  const client = here.client(relay.port, { reconnect: { minMs: 1, maxMs: 4 } });
  expect(await client.send(Count, place).handled).toBe(place);
  await client.end();
  // Acknowledgements may share a frame, or not: the last places are not always reached.
  const passed = relay.passed[direction];
  const isCut = relay.accepted > 1 || passed > place;
  expect(relay.accepted, `cut ${direction} at ${place}`).toBe(isCut ? 2 : 1);
  await relay.close();
}

/** Sockets of this process that are not closed, those that only listen left out. */
function socketsHeld(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
