/**
 * A sketch of what Wilco could cost at least: sequence numbers with duplicates dropped, an
 * envelope in MessagePack, an asynchronous handler for each message, running receipts, and a
 * promise for each message. It has no error handling, and a lost connection loses all.
 */
import type { Socket } from 'node:net';
import type { Peer } from './peer.ts';
import { Batch, countReplies, FrameReader, replyOf } from './raw-frames.ts';
import { dial, serve } from './sockets.ts';

/** What a message is wrapped in. */
interface Envelope {
  readonly id: number;
  readonly type: string;
  readonly ts: number;
  readonly body: unknown;
}

/** How envelopes become bytes; what `pack` returns may be used again by the next call. */
export interface EnvelopeCodec {
  pack(envelope: Envelope): Uint8Array;
  unpack(bytes: Uint8Array): unknown;
}

const TYPE = 'order.created';

export function modelPeer(
  codec: () => EnvelopeCodec,
  wrap: (body: unknown) => unknown,
  check: (body: never) => boolean,
): Pick<Peer, 'kind' | 'acknowledgedBy' | 'startReceiver' | 'startSender' | 'openIdle'> {
  return {
    kind: 'bound',
    acknowledgedBy: 'application',

    async startReceiver({ port }) {
      const { unpack } = codec();
      let handled = 0;
      const handler = async (body: unknown): Promise<void> => {
        handled += 1;
        if (!check(body as never)) throw new Error('the body is another one');
      };
      await serve(port, (socket) => {
        const receipts = new Receipts(socket);
        let next = 0;
        const reader = new FrameReader((bytes) => {
          const seq = reader.frames;
          if (seq < next) return;
          next = seq + 1;
          const { body } = unpack(bytes) as Envelope;
          void handler(body).then(() => receipts.settled(seq));
        });
        socket.on('data', (bytes) => reader.read(bytes));
      });
      return { handled: () => handled };
    },

    async startSender({ port, body }, acknowledged) {
      const socket = await dial(port);
      const { pack } = codec();
      const batch = new Batch(socket);
      const pending = new Pending();
      countReplies(socket, (count) => pending.settle(count));
      let id = 0;
      function send(): Promise<void> {
        return new Promise((resolve) => {
          pending.add(resolve);
          batch.append(pack({ id, type: TYPE, ts: Date.now(), body: wrap(body) }));
          id += 1;
        });
      }
      const one = (): void => acknowledged(1);
      return { send: () => void send().then(one) };
    },

    openIdle: ({ port }) => dial(port),
  };
}

/** Tells up to where handlers have settled, once for all that did in a turn. */
class Receipts {
  readonly #socket: Socket;
  readonly #early = new Set<number>();
  #settled = 0;
  #isScheduled = false;
  readonly #flush = (): void => {
    this.#isScheduled = false;
    this.#socket.write(replyOf(this.#settled));
  };

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  settled(seq: number): void {
    if (seq !== this.#settled) {
      this.#early.add(seq);
      return;
    }
    this.#settled += 1;
    while (this.#early.size > 0 && this.#early.delete(this.#settled)) this.#settled += 1;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flush);
  }
}

/** What waits for receipts, in the order of sending. */
class Pending {
  #waiting: (() => void)[] = [];
  #head = 0;

  add(resolve: () => void): void {
    this.#waiting.push(resolve);
  }

  settle(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#waiting[this.#head]?.();
      this.#head += 1;
    }
    if (this.#head < 8_192 || this.#head * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }
}
