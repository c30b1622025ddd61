import { connect, defineMessage } from '@wilco/client';
import { rawBytes } from '@wilco/codec';
import { listen } from '@wilco/server';
import type { Order, Peer } from '../peer.ts';

const Bytes = defineMessage<Uint8Array>('bytes', { codec: rawBytes });
const PlaceOrder = defineMessage<Order>('order');

/** Wilco as it is by default, with a promise for every message. */
export const peer: Peer = {
  name: 'wilco',
  meaning: 'the receipt says handled: the handler has finished',
  takesObjects: true,

  async startReceiver({ port }) {
    const server = await listen({ port, host: '127.0.0.1' });
    let count = 0;
    server.handle(Bytes, (body) => {
      if (body.length > 0) count += 1;
    });
    server.handle(PlaceOrder, (order) => {
      if (order.quantity === 4) count += 1;
    });
    return { handled: () => count };
  },

  async startSender({ port, body }, acknowledged) {
    const client = connect({ port, host: '127.0.0.1' });
    await client.opened;
    const one = (): void => acknowledged(1);
    const send =
      body instanceof Uint8Array
        ? () => client.send(Bytes, body)
        : () => client.send(PlaceOrder, body);
    return { send: () => void send().handled.then(one) };
  },

  async openIdle({ port }) {
    const client = connect({ port, host: '127.0.0.1' });
    await client.opened;
    return client;
  },
};
