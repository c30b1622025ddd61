import { defineMessage, type Receipt } from '@wilco/client';
import { listen } from '@wilco/server';
import { FaultyStore, SeededRandom } from '@wilco/testkit';
import { describe, expect, test } from 'vitest';
import { PORT, virtualPair, type VirtualPair } from './virtual-pair.ts';

const Order = defineMessage<string, string>('order');

describe('a message that the peer refuses without a handler', () => {
  test('is not handled any more once its sender was told, whatever the two lose', async () => {
    const ends = [];
    for (let seed = 0; seed < 20; seed++) ends.push(await endOf(seed));
    const lies = ends.filter(({ told, handled }) => told !== undefined && handled > 0);
    expect(lies).toEqual([]);
    // Both ends come about.
    expect(ends.filter(({ told }) => told?.status === 'rejected')).not.toEqual([]);
    expect(ends.filter(({ handled }) => handled === 1)).not.toEqual([]);
  });
});

/** A server without a handler refuses; both lose what they had not kept; the next server has one. */
async function endOf(seed: number): Promise<{ told: Receipt['outcome']; handled: number }> {
  const pair = await virtualPair();
  const store = faulty(pair, seed);
  const first = pair.dial('first', { store });
  await pair.until(() => first.isOnline);
  const receipt = first.send(Order, 'tea');
  await pair.run(1);
  store.faults = { commitMs: 4 };
  await pair.run(1 + (seed % 4));
  const told = receipt.outcome;
  pair.network.host('first').crash('vanished');
  pair.network.host('server').crash('killed');
  const host = pair.network.host('server');
  const endpoint = { transport: host.transport(), clock: host.clock };
  const opening = listen({ port: PORT, ...endpoint, random: new SeededRandom(seed) });
  await pair.run(1);
  const server = await opening;
  let handled = 0;
  server.handle(Order, () => {
    handled += 1;
    return 'done';
  });
  const second = pair.dial('second', { store: store.crash() });
  await pair.until(() => second.isOnline);
  await pair.run(1_000);
  void second.end();
  void server.close({ drainMs: 0 });
  await pair.run(10_000);
  return { told, handled };
}

function faulty({ clock }: VirtualPair, seed: number): FaultyStore {
  const random = new SeededRandom(seed);
  return new FaultyStore({ clock, random, storeId: 'disk', worth: 'synced' });
}
