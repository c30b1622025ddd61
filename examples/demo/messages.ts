import { defineMessage } from '@wilco/client';

/** One line of the input: any JSON object. */
export type Order = Readonly<Record<string, unknown>>;

/** Says that the receiver has written the order to its file, as line number `line`. */
export interface Confirmation {
  readonly line: number;
}

export const PlaceOrder = defineMessage<Order, Confirmation>('orders.place');
