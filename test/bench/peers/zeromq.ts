import { Dealer, Router, type MessageLike } from 'zeromq';
import { asBuffer, type Peer } from '../peer.ts';

const ID_BYTES = 4;
/** Nothing is ever dropped or held back because of a full queue. */
const UNLIMITED = { sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 0 };

/** ZeroMQ with acknowledgements written by hand: a dealer to a router, a number back for each. */
export const peer: Peer = {
  name: 'zeromq',
  meaning: 'the handler has run; one frame back for each message, nothing is kept',
  kind: 'product',
  acknowledgedBy: 'application',
  carries: 'bytes',

  async startReceiver({ port }) {
    const router = new Router(UNLIMITED);
    await router.bind(`tcp://127.0.0.1:${port}`);
    const send = inOrder(router);
    let count = 0;
    void (async () => {
      for await (const [sender, id] of router) {
        count += 1;
        if (sender && id) send([sender, id]);
      }
    })();
    return { handled: () => count };
  },

  startSender({ port, body }, acknowledged) {
    const dealer = new Dealer(UNLIMITED);
    dealer.connect(`tcp://127.0.0.1:${port}`);
    const send = inOrder(dealer);
    const waiting = new Map<number, (count: number) => void>();
    void (async () => {
      for await (const [reply] of dealer) {
        const id = reply?.readUInt32LE() ?? 0;
        const tell = waiting.get(id);
        waiting.delete(id);
        tell?.(1);
      }
    })();
    const bytes = asBuffer(body);
    let id = 0;
    return Promise.resolve({
      send() {
        id = (id + 1) >>> 0;
        waiting.set(id, acknowledged);
        const prefix = Buffer.allocUnsafe(ID_BYTES);
        prefix.writeUInt32LE(id);
        send([prefix, bytes]);
      },
    });
  },
};

/** A socket of ZeroMQ takes the next message when it has taken the one before. */
function inOrder(socket: {
  send(parts: MessageLike[]): Promise<void>;
}): (parts: MessageLike[]) => void {
  const queue: MessageLike[][] = [];
  let isSending = false;
  async function sendAll(): Promise<void> {
    isSending = true;
    for (const parts of queue) await socket.send(parts);
    queue.length = 0;
    isSending = false;
  }
  return (parts) => {
    queue.push(parts);
    if (!isSending) void sendAll();
  };
}
