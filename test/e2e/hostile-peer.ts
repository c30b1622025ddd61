/** A peer that speaks the protocol as far as it likes, and reads only when it likes. */
import { connect, type Socket } from 'node:net';
import { FrameDecoder, FrameEncoder } from '@wilco/codec';
import type { AckFrame, Frame, MessageFrame } from '@wilco/protocol';
import { ack, ANNOUNCEMENT, hello } from '../../packages/endpoint/test/scripted-peer.ts';

export class HostilePeer {
  /** The window that the server granted last. */
  window: AckFrame['window'] = { messages: 0, bytes: 0 };
  /** Why the server ended the connection, if it said so. */
  closedWith: string | undefined;
  isOver = false;
  readonly over: Promise<void>;
  readonly socket: Socket;
  readonly #encoder = new FrameEncoder();
  readonly #decoder = new FrameDecoder({ expectsPreamble: true });
  #written = 0;
  #isOpen = false;
  readonly #onFrame: ((frame: Frame) => void)[] = [];

  constructor(port: number) {
    this.#encoder.appendPreamble();
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes) => this.#decoder.push(bytes, (frame) => this.#read(frame)));
    this.over = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.isOver = true;
        resolve();
      });
    });
  }

  /** How many frames it wrote since the opening. */
  get written(): number {
    return this.#written;
  }

  /** Opens a session. */
  async open(): Promise<this> {
    this.say(hello());
    await this.until((frame) => frame.kind === 'welcome');
    this.say({ kind: 'ready', announcement: ANNOUNCEMENT, ack: ack(1) });
    this.#isOpen = true;
    return this;
  }

  /** Names the types that the server handles, and channels. */
  tellNames(): void {
    const names = ['hold', 'blob', 'count'];
    const types = names.map((name, i) => ({ number: i + 1, name }));
    const channels = Array.from({ length: 20 }, (_, i) => ({ number: i + 2, name: `c${i + 2}` }));
    this.say({ kind: 'types', types, channels });
  }

  until(fits: (frame: Frame) => boolean): Promise<Frame> {
    return new Promise((resolve, reject) => {
      void this.over.then(() => reject(new Error(`it was sent away: ${this.closedWith}`)));
      this.#onFrame.push((frame) => {
        if (fits(frame)) resolve(frame);
      });
    });
  }

  onFrame(tell: (frame: Frame) => void): void {
    this.#onFrame.push(tell);
  }

  say(...frames: Frame[]): void {
    for (const frame of frames) {
      this.#encoder.append(frame);
      if (this.#isOpen) this.#written += 1;
    }
    for (const bytes of this.#encoder.take()) this.socket.write(bytes);
  }

  /** Reads nothing from now on. */
  freeze(): void {
    this.socket.pause();
  }

  leave(): void {
    this.socket.destroy();
  }

  #read(frame: Frame): void {
    if (frame.kind === 'welcome') this.window = frame.ack.window;
    if (frame.kind === 'ack') this.window = frame.window;
    if (frame.kind === 'close' || frame.kind === 'refuse') this.closedWith = frame.code;
    // Whoever asks is answered: it wants to stay.
    if (frame.kind === 'probe') {
      this.say(ack(2 + this.#written), {
        kind: 'probeAck',
        nonce: frame.nonce,
        seen: frame.written,
      });
    }
    for (const tell of this.#onFrame) tell(frame);
  }
}

export function message(seq: number, type: number, payload: Uint8Array): MessageFrame {
  return {
    kind: 'message',
    channel: 1,
    seq,
    type,
    ttlMs: undefined,
    isResent: false,
    ackNow: false,
    totalBytes: undefined,
    id: undefined,
    extensions: [],
    payload,
  };
}
