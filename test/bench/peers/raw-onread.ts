import { connect } from 'node:net';
import { asBuffer, type Peer } from '../peer.ts';
import { Batch, countReplies, FrameCounter, replyOf } from '../raw-frames.ts';
import { serve } from '../sockets.ts';

const READ_BYTES = 1_048_576;
const RETRY_MS = 20;

/** As `raw`, but the receiver reads into one buffer of its own, which only a dialling socket can. */
export const peer: Peer = {
  name: 'raw-onread',
  meaning: 'as raw; the receiver dials, and reads into one buffer that it uses again',
  kind: 'bound',
  acknowledgedBy: 'application',
  carries: 'bytes',

  startReceiver({ port }) {
    let count = 0;
    const reader = new FrameCounter();
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    // The sender listens, and is started later.
    function dialUntilThere(): void {
      const socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          buffer,
          callback(length) {
            const frames = reader.read(buffer.subarray(0, length));
            count += frames;
            if (frames > 0) socket.write(replyOf(count));
            return true;
          },
        },
      });
      socket.once('error', () => setTimeout(dialUntilThere, RETRY_MS));
    }
    dialUntilThere();
    return Promise.resolve({ handled: () => count });
  },

  startSender({ port, body }, acknowledged) {
    const bytes = asBuffer(body);
    return new Promise((resolve, reject) => {
      serve(port, (socket) => {
        countReplies(socket, acknowledged);
        const batch = new Batch(socket);
        resolve({ send: () => batch.append(bytes) });
      }).catch(reject);
    });
  },
};
