import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { textOf, type Peer } from '../peer.ts';

/** Bodies up to this size go as text, which is faster here than bytes. */
const TEXT_BYTES = 1_024;

/** Socket.IO over WebSocket, with its own acknowledgements: `emitWithAck`. */
export const peer: Peer = {
  name: 'socket-io',
  meaning: 'the handler has called back; at most once, nothing is kept for a lost connection',
  kind: 'product',
  acknowledgedBy: 'application',
  carries: 'both',

  startReceiver({ port }) {
    let count = 0;
    const http = createServer();
    const server = new Server(http, { transports: ['websocket'], maxHttpBufferSize: 1e8 });
    server.on('connection', (socket) => {
      socket.on('message', (_body: unknown, acknowledge: () => void) => {
        count += 1;
        acknowledge();
      });
    });
    return new Promise((resolve) => {
      http.listen(port, '127.0.0.1', 4_096, () => resolve({ handled: () => count }));
    });
  },

  async startSender({ port, body }, acknowledged) {
    const socket = await open(port);
    const isText = body instanceof Uint8Array && body.length <= TEXT_BYTES;
    const value = isText ? textOf(body) : body;
    const one = (): void => acknowledged(1);
    return { send: () => void socket.emitWithAck('message', value).then(one) };
  },

  openIdle: ({ port }) => open(port),
};

function open(port: number): Promise<Socket> {
  const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', reject);
  });
}
