import { WebSocket, WebSocketServer } from 'ws';
import { asBuffer, type Peer } from '../peer.ts';

const ID_BYTES = 4;

/** A WebSocket with acknowledgements written by hand: a number ahead of each body, and back. */
export const peer: Peer = {
  name: 'ws-ack',
  meaning: 'the handler has run; one WebSocket message back for each',
  kind: 'byHand',
  acknowledgedBy: 'application',
  carries: 'bytes',

  startReceiver({ port }) {
    let count = 0;
    const server = new WebSocketServer({ port, host: '127.0.0.1', backlog: 4_096 });
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        count += 1;
        const reply = Buffer.allocUnsafe(ID_BYTES);
        data.copy(reply, 0, 0, ID_BYTES);
        socket.send(reply);
      });
    });
    return new Promise((resolve) => {
      server.once('listening', () => resolve({ handled: () => count }));
    });
  },

  async startSender({ port, body }, acknowledged) {
    const socket = await open(port);
    const waiting = new Map<number, (count: number) => void>();
    socket.on('message', (data: Buffer) => {
      const id = data.readUInt32LE();
      const tell = waiting.get(id);
      waiting.delete(id);
      tell?.(1);
    });
    const bytes = asBuffer(body);
    let id = 0;
    return {
      send() {
        id = (id + 1) >>> 0;
        waiting.set(id, acknowledged);
        const message = Buffer.allocUnsafe(ID_BYTES + bytes.length);
        message.writeUInt32LE(id);
        message.set(bytes, ID_BYTES);
        socket.send(message);
      },
    };
  },

  openIdle: ({ port }) => open(port),
};

function open(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}
