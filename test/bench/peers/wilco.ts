import { connect, defineMessage } from '@wilco/client';
import { rawBytes } from '@wilco/codec';
import { tcpTransport } from '@wilco/endpoint';
import { listen } from '@wilco/server';
import { levelStore } from '@wilco/store/level';
import type { Order, Peer, Work } from '../peer.ts';

const Bytes = defineMessage<Uint8Array>('bytes', { codec: rawBytes });
const PlaceOrder = defineMessage<Order>('order');
/** What an outbox in memory takes by default. */
const OUTBOX_MESSAGES = 10_000;

/** Wilco as it is by default, with a promise for every message. */
export const peer: Peer = {
  name: 'wilco',
  meaning:
    'the receipt says handled: the handler has finished; on disk: outbox, inbox and mark are synced',
  kind: 'wilco',
  acknowledgedBy: 'application',
  carries: 'both',
  stores: 'also',

  async startReceiver(work) {
    const server = await listen(optionsOf(work, 'server'));
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
      ...optionsOf(work, 'client'),
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
    const client = connect(optionsOf(work, 'client'));
    await client.opened;
    return client;
  },
};

/** On disk at both sides, and with a transport that is believed to protect its bytes, where asked for. */
function optionsOf({ port, folder, isDurable, isProtected }: Work, side: 'server' | 'client') {
  return {
    port,
    host: '127.0.0.1',
    ...(isDurable ? { store: levelStore(`${folder}/${side}`) } : {}),
    ...(isProtected ? { transport: tcpTransport(), integrity: 'endToEnd' as const } : {}),
  };
}
