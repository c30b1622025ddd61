import type { Socket } from 'node:net';
import { bytesOf, type Peer } from '../peer.ts';
import { dial, serve } from '../sockets.ts';

const LENGTH_BYTES = 4;
const COUNT_BYTES = 4;
/** Bodies up to this size are copied into a batch; larger ones are written as they are. */
const COPIED_BYTES = 4_096;
const BATCH_BYTES = 65_536;

/**
 * The bound: length prefixes, as many frames as there are in one write, and one running
 * count for each read as the acknowledgement. No message has an identity, a type or a
 * checksum, and a lost connection loses all.
 */
export const peer: Peer = {
  name: 'raw',
  meaning: 'the peer has counted the bytes; no identity, no checksum, no resume',
  takesObjects: false,

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
        const reply = Buffer.allocUnsafe(COUNT_BYTES);
        reply.writeUInt32LE(count >>> 0);
        socket.write(reply);
      });
    });
    return { handled: () => handled };
  },

  async startSender({ port, body }, acknowledged) {
    const socket = await dial(port);
    countReplies(socket, acknowledged);
    const batch = new Batch(socket);
    const bytes = body instanceof Uint8Array ? body : bytesOf(0);
    return { send: () => batch.append(bytes) };
  },

  openIdle: ({ port }) => dial(port),
};

/** Counts length-prefixed frames in a stream that is split anywhere. */
class FrameCounter {
  /** Bytes of the present frame that are still to come. */
  #missing = 0;
  #prefix = Buffer.alloc(LENGTH_BYTES);
  #prefixed = 0;

  read(bytes: Buffer): number {
    let frames = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, bytes.length - at);
        this.#missing -= taken;
        at += taken;
        if (this.#missing === 0) frames += 1;
      } else if (this.#prefixed === 0 && bytes.length - at >= LENGTH_BYTES) {
        this.#missing = bytes.readUInt32LE(at);
        at += LENGTH_BYTES;
      } else {
        this.#prefix[this.#prefixed] = bytes[at] ?? 0;
        this.#prefixed += 1;
        at += 1;
        if (this.#prefixed === LENGTH_BYTES) {
          this.#missing = this.#prefix.readUInt32LE();
          this.#prefixed = 0;
        }
      }
    }
    return frames;
  }
}

/** Collects the frames of a turn of the event loop into one write. */
class Batch {
  readonly #socket: Socket;
  #bytes = Buffer.allocUnsafe(BATCH_BYTES);
  #from = 0;
  #to = 0;
  #isScheduled = false;
  readonly #flush = (): void => {
    this.#isScheduled = false;
    this.#write();
    this.#socket.uncork();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  append(body: Uint8Array): void {
    if (this.#to + LENGTH_BYTES + COPIED_BYTES > BATCH_BYTES) {
      this.#write();
      this.#bytes = Buffer.allocUnsafe(BATCH_BYTES);
      this.#from = 0;
      this.#to = 0;
    }
    this.#to = this.#bytes.writeUInt32LE(body.length, this.#to);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#socket.cork();
      process.nextTick(this.#flush);
    }
    if (body.length <= COPIED_BYTES) {
      this.#bytes.set(body, this.#to);
      this.#to += body.length;
    } else {
      this.#write();
      this.#socket.write(body);
    }
  }

  #write(): void {
    if (this.#to > this.#from) this.#socket.write(this.#bytes.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}

function countReplies(socket: Socket, acknowledged: (count: number) => void): void {
  let last = 0;
  let rest = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const whole = all.length - (all.length % COUNT_BYTES);
    rest = all.subarray(whole);
    if (whole === 0) return;
    const count = all.readUInt32LE(whole - COUNT_BYTES);
    const more = (count - last) >>> 0;
    last = count;
    acknowledged(more);
  });
}
