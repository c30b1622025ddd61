/** Kill it, run it again: each payment is booked once. Run it until it says that nothing is left. */
import { connect, defineMessage } from '@wilco/client';
import { listen } from '@wilco/server';
import { levelStore } from '@wilco/store/level';

const Payment = defineMessage<{ amount: number }>('payment');
const [folder = 'payments', dies] = process.argv.slice(2);

const ledger = levelStore(`${folder}/ledger`);
const server = await listen({ port: 0, serverId: 'ledger', store: ledger });
let booked = Number((await ledger.database.get('booked')) ?? 0);
server.handle(Payment, ({ amount }, context) => {
  if (dies === 'in-the-handler') process.kill(process.pid, 'SIGKILL');
  booked += amount;
  // Held by the same commit as the mark that the message is handled: both, or neither.
  context.commit([{ type: 'put', key: 'booked', value: booked }]);
});

const { port } = server.address;
const client = connect({ port, store: levelStore(`${folder}/outbox`) });
const left: unknown[] = [];
for await (const { id } of client.pending()) left.push(id);
console.log(`left by earlier runs: ${left.length}`);
if (left.length + booked === 0) {
  const receipts = [10, 20, 30].map((amount) => client.send(Payment, { amount }));
  await Promise.all(receipts.map(({ queued }) => queued));
  console.log('queued: three payments are on the disk');
}
if (dies === 'when-queued') process.kill(process.pid, 'SIGKILL');

await client.drain();
console.log(`booked: ${booked}`);
await client.close();
await server.close();
