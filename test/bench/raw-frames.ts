/** Frames on plain sockets, for the peers that stand for the bound. */
import type { Socket } from 'node:net';

const LENGTH_BYTES = 4;
const COUNT_BYTES = 4;
/** Bodies up to this size are copied into a batch; larger ones are written as they are. */
const COPIED_BYTES = 4_096;
const BATCH_BYTES = 65_536;

/** Counts length-prefixed frames in a stream that is split anywhere. */
export class FrameCounter {
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
export class Batch {
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

/** Tells of each running count that comes back how much more it is than the one before. */
export function countReplies(socket: Socket, acknowledged: (count: number) => void): void {
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

/** The bytes of a running count, which is all that goes back. */
export function replyOf(count: number): Buffer {
  const reply = Buffer.allocUnsafe(COUNT_BYTES);
  reply.writeUInt32LE(count >>> 0);
  return reply;
}

/** Gives each frame of a stream that is split anywhere, in one piece. */
export class FrameReader {
  /** Frames so far. */
  frames = 0;
  readonly #take: (bytes: Buffer) => void;
  /** A frame that is not whole yet, and how much of it there is. */
  #part = Buffer.alloc(0);
  #filled = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(take: (bytes: Buffer) => void) {
    this.#take = take;
  }

  read(chunk: Buffer): void {
    let at = 0;
    let bytes = chunk;
    if (this.#filled < this.#part.length) {
      at = chunk.copy(this.#part, this.#filled);
      this.#filled += at;
      if (this.#filled < this.#part.length) return;
      this.#give(this.#part);
    } else if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, chunk]);
    }
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = bytes.readUInt32LE(at);
      at += LENGTH_BYTES;
      if (at + length > bytes.length) {
        this.#part = Buffer.allocUnsafe(length);
        this.#filled = bytes.copy(this.#part, 0, at);
        at = bytes.length;
      } else {
        this.#give(bytes.subarray(at, at + length));
        at += length;
      }
    }
    this.#rest = bytes.subarray(at);
  }

  #give(bytes: Buffer): void {
    this.#take(bytes);
    this.frames += 1;
  }
}
