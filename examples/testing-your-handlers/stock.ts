/** An application to test: a stock of goods, from which clients reserve. */
import { defineMessage, Rejection, type Server } from '@wilco/server';

export const Reserve = defineMessage<{ item: string; amount: number }, { left: number }>(
  'stock.reserve',
);

/** Serves reservations out of this stock, and changes it. */
export function serveStock(server: Server, stock: Map<string, number>): void {
  server.handle(Reserve, ({ item, amount }) => {
    const there = stock.get(item) ?? 0;
    if (there < amount) throw new Rejection('OUT_OF_STOCK', `${there} of ${item} are left`);
    stock.set(item, there - amount);
    return { left: there - amount };
  });
}
