/** One server tells a hundred clients a price, and knows of each whether it arrived. */
import { connect, type Client } from '@wilco/client';
import { listen } from '@wilco/server';
import { PriceChanged } from './messages.ts';

const CLIENTS = 100;

const server = await listen({ port: 0 });
const allThere = new Promise<void>((resolve) => {
  server.on('session', () => {
    if (server.sessions.length === CLIENTS) resolve();
  });
});

const shown: string[] = [];
const clients = Array.from({ length: CLIENTS }, (_, number): Client => {
  const client = connect({ port: server.address.port });
  client.handle(PriceChanged, ({ item, cents }) => {
    // Screen 13 is broken.
    if (number === 13) throw new Error('no picture');
    shown.push(`${item} ${cents}`);
  });
  return client;
});
await allThere;

// To send is the same in this direction. It costs nobody's time when a client is offline:
// its messages wait in its session, which outlives connections.
const receipts = server.sessions.map((session) =>
  session.send(PriceChanged, { item: 'tea', cents: 310 }, { ttlMs: 10_000 }),
);
const outcomes = await Promise.all(receipts.map((receipt) => receipt.settled));

const handled = outcomes.filter(({ status }) => status === 'handled');
const others = outcomes.filter(({ status }) => status !== 'handled');
console.log(`${handled.length} of ${CLIENTS} screens show the new price`);
for (const outcome of others) {
  console.log(outcome.status === 'rejected' ? `one does not: ${outcome.reason}` : outcome.status);
}
console.log(`${new Set(shown).size} price on ${shown.length} screens`);

await Promise.all(clients.map((client) => client.close()));
await server.close();
