/** Five orders, and each way in which a payment can end: every one of them is told, and true. */
import { connect, type Outcome, type Receipt } from '@wilco/client';
import { listen } from '@wilco/server';
import { ChargeCard, type Charged } from './messages.ts';
import { charge } from './payments.ts';

const server = await listen({ port: 0 });
server.handle(ChargeCard, charge);
const client = connect({ port: server.address.port });

const receipts = new Map<string, Receipt<Charged>>();
receipts.set('book', client.send(ChargeCard, { order: 'book', cents: 1_999 }));
receipts.set('car', client.send(ChargeCard, { order: 'car', cents: 1_500_000 }));
receipts.set('lamp', client.send(ChargeCard, { order: 'lamp', cents: 4_500 }));
// Worth nothing later: in a channel payments are made one after the other, and there are two before.
receipts.set('ticket', client.send(ChargeCard, { order: 'ticket', cents: 900 }, { ttlMs: 100 }));
// Somebody changes their mind.
const desk = client.send(ChargeCard, { order: 'desk', cents: 20_000 });
receipts.set('desk', desk);
await desk.received;
desk.cancel();

for (const [order, receipt] of receipts) {
  console.log(`${order}: ${inWords(await receipt.settled)}`);
}
await client.close();
await server.close();

function inWords(outcome: Outcome<Charged>): string {
  switch (outcome.status) {
    case 'handled':
      return `paid, transaction ${outcome.reply.transaction}`;
    case 'rejected':
      return `refused, ${outcome.code}: ${outcome.reason}`;
    case 'expired':
      return 'too late, and certainly not paid';
    case 'cancelled':
      return 'cancelled, and certainly not paid';
    case 'inDoubt':
      return 'ask the bank: it may have been paid';
    case 'left':
      return 'not known yet: the next run goes on with it';
  }
}
