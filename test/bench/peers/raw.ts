import { asBuffer, type Peer } from '../peer.ts';
import { Batch, countReplies, FrameCounter, replyOf } from '../raw-frames.ts';
import { dial, serve } from '../sockets.ts';

/**
 * The bound: length prefixes, as many frames as there are in one write, and one running
 * count for each read as the acknowledgement. No message has an identity, a type or a
 * checksum, and a lost connection loses all.
 */
export const peer: Peer = {
  name: 'raw',
  meaning: 'the peer has counted the bytes; no identity, no checksum, no resume',
  kind: 'bound',
  acknowledgedBy: 'application',
  carries: 'bytes',

  async startReceiver({ port }) {
    let handled = 0;
    await serve(port, (socket) => {
      let count = 0;
      const reader = new FrameCounter();
      socket.on('data', (bytes) => {
        const frames = reader.read(bytes);
        if (frames === 0) return;
        count += frames;
        handled += frames;
        socket.write(replyOf(count));
      });
    });
    return { handled: () => handled };
  },

  async startSender({ port, body }, acknowledged) {
    const socket = await dial(port);
    countReplies(socket, acknowledged);
    const batch = new Batch(socket);
    const bytes = asBuffer(body);
    return { send: () => batch.append(bytes) };
  },

  openIdle: ({ port }) => dial(port),
};
