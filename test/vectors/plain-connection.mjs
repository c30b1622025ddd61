import { connect } from 'node:net';
import { PlainDecoder } from './plain-decoder.mjs';
import { encode } from './plain-encoder.mjs';

const OPENING = ['hello', 'welcome', 'refuse', 'ready'];

/** One connection: its socket, its numbers, and what came in on it. */
export class PlainConnection {
  opened;
  frames = [];
  /** Frames written and seen since the opening, as PROBE and PING count them. */
  written = 0;
  seenBefore = 0;
  /** Names of the server's types, by their numbers. */
  typeNames = new Map();
  hasSaidClose = false;
  hasAnsweredClose = false;
  closeAck;
  problem;
  onEnd = () => {};
  #isCounting = false;
  #ackNumber = 0;
  #types = new Map();
  #decoder = new PlainDecoder();
  #heartbeat;
  #socket;

  constructor(address, onFrame) {
    this.#socket = connect(address);
    this.#socket.on('data', (chunk) => this.#read(chunk, onFrame));
    this.#socket.on('error', (error) => this.#finish(error.message));
    this.#socket.on('close', () => this.#finish('the connection ended'));
  }

  get isOpen() {
    return this.#isCounting && this.problem === undefined;
  }

  /** Whether each side has said goodbye and answered the other's. */
  get isClosed() {
    return this.hasAnsweredClose && this.closeAck !== undefined;
  }

  write(bytes) {
    this.#socket.write(bytes);
  }

  writeFrame(frame) {
    this.write(encode(frame));
    if (this.#isCounting) this.written += 1;
  }

  /** READY was written: what follows is counted. */
  startCounting() {
    this.#isCounting = true;
  }

  nextAckNumber() {
    this.#ackNumber += 1;
    return this.#ackNumber;
  }

  takeTypes({ types }) {
    for (const { number, name } of types) this.typeNames.set(number, name);
  }

  /** The number of a type, and whether the server must still be told. */
  typeNumber(name) {
    const isNew = !this.#types.has(name);
    if (isNew) this.#types.set(name, this.#types.size + 1);
    return { number: this.#types.get(name), isNew };
  }

  /** Says something often enough for the wait that the server announced. */
  beat(waitMs, ping) {
    this.#heartbeat = setInterval(() => ping(this.written), waitMs * 0.35);
    this.#heartbeat.unref();
  }

  end() {
    clearInterval(this.#heartbeat);
    this.#socket.end();
  }

  destroy() {
    this.#finish('it was let go');
    this.#socket.destroy();
  }

  #read(chunk, onFrame) {
    if (this.problem !== undefined) return;
    try {
      const error = this.#decoder.push(chunk, (frame) => {
        this.#check(frame);
        this.frames.push(frame);
        onFrame(frame);
      });
      if (error !== undefined) throw new Error(`${error.code} by ${error.rule}`);
    } catch (error) {
      this.#finish(error.message);
      this.#socket.destroy();
    }
  }

  /** Whether a frame may come at this place, and whether none was eaten before it. */
  #check(frame) {
    if (this.opened === undefined) {
      if (!['welcome', 'refuse'].includes(frame.kind)) throw new Error(`${frame.kind} came first`);
      this.opened = frame;
      return;
    }
    if (OPENING.includes(frame.kind)) throw new Error(`${frame.kind} came again`);
    // Neither WELCOME nor the frame itself counts.
    this.seenBefore = this.#decoder.frameCount - 2;
    this.#checkCount(frame);
  }

  /** What the server says that it wrote must be what came. */
  #checkCount(frame) {
    if (frame.kind !== 'ping' && frame.kind !== 'probe') return;
    if (frame.written !== this.seenBefore) {
      throw new Error(`${frame.kind} says ${frame.written} frames, ${this.seenBefore} came`);
    }
  }

  #finish(problem) {
    clearInterval(this.#heartbeat);
    this.problem ??= problem;
    this.onEnd();
  }
}
