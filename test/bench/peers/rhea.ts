import rhea, { type Connection } from 'rhea';
import { asBuffer, type Peer } from '../peer.ts';

const QUEUE = 'work';
/** The credit that a receiver gives. */
const CREDIT = 2_000;
/** Without it Nagle's algorithm and delayed ACKs of TCP add 40 ms to the slowest round trips. */
const NO_DELAY = { tcp_no_delay: true };

/** AMQP 1.0 from peer to peer. */
export const peer: Peer = {
  name: 'rhea',
  meaning: 'disposition accepted: the handler has returned; AMQP 1.0, nothing is kept',
  kind: 'product',
  acknowledgedBy: 'application',
  carries: 'bytes',
  // Its outgoing buffer holds 2,048 deliveries.
  inFlightMax: 1_024,

  startReceiver({ port }) {
    const container = rhea.create_container();
    let count = 0;
    container.on('message', () => (count += 1));
    container.on('disconnected', () => {});
    container.on('connection_error', () => {});
    const server = container.listen({
      port,
      host: '127.0.0.1',
      receiver_options: { credit_window: CREDIT, autoaccept: true },
      ...NO_DELAY,
    });
    return new Promise((resolve) => {
      server.once('listening', () => resolve({ handled: () => count }));
    });
  },

  async startSender({ port, body }, acknowledged) {
    const container = rhea.create_container();
    container.on('accepted', () => acknowledged(1));
    for (const event of ['rejected', 'released', 'disconnected']) {
      container.on(event, () => {
        throw new Error(`rhea says ${event}`);
      });
    }
    const sender = connect(container, port).open_sender(QUEUE);
    await new Promise((resolve) => sender.once('sendable', resolve));
    const bytes = asBuffer(body);
    return {
      send() {
        // A section of data is what the types of the library do not know as a body.
        sender.send({ body: rhea.message.data_section(bytes) });
      },
    };
  },

  openIdle({ port }) {
    const connection = connect(rhea.create_container(), port);
    return new Promise((resolve) => {
      connection.open_sender(QUEUE).once('sendable', () => resolve(connection));
    });
  },
};

function connect(container: ReturnType<typeof rhea.create_container>, port: number): Connection {
  return container.connect({ port, host: '127.0.0.1', reconnect: false, ...NO_DELAY });
}
