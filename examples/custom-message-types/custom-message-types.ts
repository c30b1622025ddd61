/** A schema, a binary codec and an extension type, each of the application's own. */
import { connect } from '@wilco/client';
import { listen } from '@wilco/server';
import { Money, PlaceOrder, TakeReading } from './messages.ts';

const server = await listen({ port: 0 });
server.handle(PlaceOrder, ({ item, amount, wantedBy }) => {
  console.log(`${amount} × ${item}, wanted on a ${weekday(wantedBy)}`);
  return { total: new Money('EUR', 1_999n * BigInt(amount)) };
});
server.handle(TakeReading, ({ sensor, celsius }) => {
  console.log(`sensor ${sensor}: ${celsius} °C`);
});

const client = connect({ port: server.address.port });

// The sender has the input type of the schema: no amount, and the day as text.
const placed = client.send(PlaceOrder, { item: 'book', wantedBy: '2026-12-24' });
console.log(`it costs ${(await placed.handled).total.toString()}`);

await client.send(TakeReading, { sensor: 7, celsius: 21.5 }).handled;

// What the schema refuses never reaches the handler, and the sender is told why.
const refused = await client.send(PlaceOrder, { item: '', wantedBy: 'tomorrow' }).settled;
if (refused.status === 'rejected') console.log(`${refused.code}: ${refused.reason}`);

await client.close();
await server.close();

function weekday(day: Date): string {
  return day.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
}
