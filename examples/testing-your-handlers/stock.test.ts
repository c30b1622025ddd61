/** Handlers on a network that misbehaves, without a socket, a sleep or a flaky test. */
import { Rehearsal } from '@wilco/testkit';
import { expect, test } from 'vitest';
import { Reserve, serveStock } from './stock.ts';

test('a reservation is answered with what is left', async () => {
  await using rehearsal = new Rehearsal();
  serveStock(await rehearsal.listen(), new Map([['tea', 10]]));
  const client = rehearsal.connect();
  const reserved = await rehearsal.run(
    () => client.send(Reserve, { item: 'tea', amount: 3 }).handled,
  );
  expect(reserved).toEqual({ left: 7 });
});

test.each([1, 2, 3, 4, 5])(
  'the stock is right after a terrible network of seed %i',
  async (seed) => {
    await using rehearsal = new Rehearsal({ seed, network: 'terrible' });
    const stock = new Map([['tea', 150]]);
    serveStock(await rehearsal.listen(), stock);
    const clients = [rehearsal.connect(), rehearsal.connect()];
    for (let i = 0; i < 200; i++) clients[i % 2]?.send(Reserve, { item: 'tea', amount: 1 });

    // Nothing is lost, twice or out of order, and everything is settled.
    const { handled, failed } = await rehearsal.verify();
    expect(handled).toHaveLength(150);
    expect(failed).toHaveLength(50);
    expect(stock.get('tea')).toBe(0);
  },
);
