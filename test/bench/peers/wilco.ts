import { connect, defineMessage } from '@wilco/client';
import { rawBytes } from '@wilco/codec';
import { tcpTransport } from '@wilco/endpoint';
import { listen } from '@wilco/server';
import type { Order, Peer, Work } from '../peer.ts';

const Bytes = defineMessage<Uint8Array>('bytes', { codec: rawBytes });
const PlaceOrder = defineMessage<Order>('order');
/** What an outbox in memory takes by default. */
const OUTBOX_MESSAGES = 10_000;

/** Wilco as it is by default, with a promise for every message. */
export const peer: Peer = {
  name: 'wilco',
  meaning: 'the receipt says handled: the handler has finished',
  kind: 'wilco',
  acknowledgedBy: 'application',
  carries: 'both',

  async startReceiver(work) {
    const server = await listen(optionsOf(work));
    let count = 0;
    server.handle(Bytes, (body) => {
      if (body.length > 0) count += 1;
    });
    server.handle(PlaceOrder, (order) => {
      if (order.quantity === 4) count += 1;
    });
    return { handled: () => count };
  },

  async startSender(work, acknowledged) {
    const { body, inFlight } = work;
    const client = connect({
      ...optionsOf(work),
      outboxMessages: Math.max(inFlight, OUTBOX_MESSAGES),
    });
    await client.opened;
    const one = (): void => acknowledged(1);
    const send =
      body instanceof Uint8Array
        ? () => client.send(Bytes, body)
        : () => client.send(PlaceOrder, body);
    return { send: () => void send().handled.then(one) };
  },

  async openIdle(work) {
    const client = connect(optionsOf(work));
    await client.opened;
    return client;
  },
};

/** An own transport is believed to protect its bytes, where it is said so. */
function optionsOf({ port, isProtected }: Work) {
  const options = { port, host: '127.0.0.1' };
  if (!isProtected) return options;
  return { ...options, transport: tcpTransport(), integrity: 'endToEnd' as const };
}
