import type { AckFrame, Frame, WilcoError } from '@wilco/protocol';
import type { OutgoingMessage, SessionOptions } from '../src/index.ts';
import { fingerprint, Side, type GivenSide } from './side.ts';

export { HANDLED, rejected, reply, Side, type GivenSide } from './side.ts';

/** What becomes of a frame on its way. `index` counts the frames of its direction, from 1. */
export type Fate = 'pass' | 'lose' | 'cut' | readonly number[];

/** What a test sends. */
export interface Sending {
  readonly channel?: string;
  readonly type?: string;
  readonly ttlMs?: number | undefined;
  readonly bytes?: Uint8Array;
  readonly id?: string;
}

/** Two sessions and the link between them, on a clock that moves when told to. */
export class Pair {
  nowMs = 0;
  readonly client: Side;
  readonly server: Side;
  readonly trace: string[] = [];
  latencyMs = 1;
  isReliable = true;
  isConnected = false;
  /** When the next connection opens after one was lost; `undefined`: when the test says so. */
  reconnectMs: number | undefined = undefined;
  /**
   * Decides what becomes of a frame: it passes, is lost, passes as the last one before the
   * connection is cut, or arrives as many times as there are delays. Milliseconds.
   */
  fate: (frame: Frame, from: Side, index: number) => Fate = () => 'pass';
  readonly #index = { client: 0, server: 0 };
  #queue: { atMs: number; order: number; run: () => void }[] = [];
  #order = 0;
  #after: (() => void)[] = [];
  #epoch = 0;

  constructor(
    options: { client?: SessionOptions; server?: SessionOptions } = {},
    given: { client?: GivenSide; server?: GivenSide } = {},
  ) {
    this.client = new Side(this, 'client', options.client ?? {}, given.client ?? {});
    this.server = new Side(this, 'server', options.server ?? {}, given.server ?? {});
  }

  other(side: Side): Side {
    return side === this.client ? this.server : this.client;
  }

  note(side: Side, what: string): void {
    this.trace.push(`${String(this.nowMs)} ${side.name} ${what}`);
  }

  /** What was written down since the last call, without the times. */
  takeTrace(): string[] {
    return this.trace.splice(0).map((line) => line.slice(line.indexOf(' ') + 1));
  }

  afterwards(run: () => void): void {
    this.#after.push(run);
  }

  at(atMs: number, run: () => void): void {
    this.#queue.push({ atMs, order: this.#order++, run });
    this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  }

  /** Opens a connection: the openings' facts pass at once. */
  connect(): void {
    const { client, server } = this;
    this.#epoch += 1;
    this.#judge(client);
    this.#judge(server);
    const toServer = client.session.opening.fullAck(this.nowMs);
    const toClient = server.session.opening.fullAck(this.nowMs);
    const announced = [
      client.session.opening.announcement(),
      server.session.opening.announcement(),
    ] as const;
    for (const side of [client, server]) side.written = side.seen = 0;
    for (const [side, ack] of [[client, toClient] as const, [server, toServer] as const]) {
      while (!side.session.prepare(ack, this.nowMs)) this.advance(1);
    }
    this.isConnected = true;
    this.#attach(client, announced[1], toClient);
    this.#attach(server, announced[0], toServer);
    this.settle();
  }

  /** Cuts the connection: what is on its way is gone. */
  cut(error?: WilcoError): void {
    this.#lost();
    for (const side of [this.client, this.server]) {
      side.wire.length = 0;
      side.session.connectionLost(error, this.nowMs);
    }
    this.settle();
  }

  /** A side ended the connection; the other one finds out. */
  dropped(by: Side): void {
    this.#lost();
    const other = this.other(by);
    by.wire.length = 0;
    this.afterwards(() => {
      other.wire.length = 0;
      other.session.connectionLost(undefined, this.nowMs);
    });
  }

  send(side: Side, { channel = 'default', ...options }: Sending = {}): OutgoingMessage {
    const payload = options.bytes ?? Uint8Array.of(1);
    const message = side.session.submit(
      {
        type: options.type ?? 't',
        payload,
        channel,
        ttlMs: options.ttlMs,
        id: options.id,
        receipt: undefined,
      },
      this.nowMs,
    );
    side.sent.push({ message, bytes: fingerprint(payload) });
    return message;
  }

  /** Gives a side a frame that its peer never wrote. */
  inject(to: Side, frame: Frame): void {
    to.seen += 1;
    to.session.heard(this.nowMs);
    to.session.receive(frame, this.nowMs);
    to.isFlushWanted = true;
    this.settle();
  }

  /** Ends the turn: what was asked for after it, then the flushes. */
  settle(): void {
    for (;;) {
      const after = this.#after.shift();
      if (after !== undefined) {
        after();
        continue;
      }
      const side = [this.client, this.server].find(({ isFlushWanted }) => isFlushWanted);
      if (side === undefined) return;
      side.isFlushWanted = false;
      side.session.flush(this.nowMs, side.isInputDry);
      this.#carry(side);
    }
  }

  /** Lets time pass, stopping at whatever happens on the way. */
  advance(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (let steps = 0; ; steps++) {
      if (steps > 1_000_000) throw new Error('no end in sight');
      this.settle();
      const next = this.#queue[0];
      const dueMs = Math.min(
        this.client.session.nextDeadlineMs,
        this.server.session.nextDeadlineMs,
      );
      const atMs = Math.min(next?.atMs ?? Infinity, dueMs);
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next !== undefined && next.atMs <= this.nowMs) {
        this.#queue.shift();
        next.run();
        continue;
      }
      for (const { session } of [this.client, this.server]) session.deadlineReached(this.nowMs);
    }
    this.nowMs = untilMs;
  }

  /** The processes sleep: time passes and nobody notices. */
  sleep(durationMs: number): void {
    this.nowMs += durationMs;
  }

  /** Nobody loses state in these tests, so nobody may believe that somebody did. */
  #judge(side: Side): void {
    const other = this.other(side);
    const judgement = side.session.opening.judge(other.runId, other.session.opening.offers());
    if (judgement !== 'continues') throw new Error(`the ${side.name} believes: ${judgement}`);
  }

  #attach(
    side: Side,
    announcement: ReturnType<Side['session']['opening']['announcement']>,
    ack: AckFrame,
  ) {
    const { isReliable } = this;
    side.windows.attached(ack);
    side.session.attach(
      {
        peerRunId: this.other(side).runId,
        announcement,
        ack,
        isReliable,
        counts: {
          get framesSeen() {
            return side.seen;
          },
          get framesWritten() {
            return side.written;
          },
        },
      },
      this.nowMs,
    );
  }

  #lost(): void {
    this.#epoch += 1;
    this.isConnected = false;
    const { reconnectMs } = this;
    if (reconnectMs === undefined) return;
    const epoch = this.#epoch;
    this.at(this.nowMs + reconnectMs, () => {
      const isDetached = [this.client, this.server].every(
        ({ session }) => session.phase === 'detached',
      );
      if (epoch === this.#epoch && isDetached) this.connect();
    });
  }

  /** Frames of one flush come in with one read, where the link is reliable. */
  #carry(from: Side): void {
    const frames = from.wire.splice(0).map(copied);
    if (!this.isConnected || frames.length === 0) return;
    const epoch = this.#epoch;
    const batch: { frame: Frame; isLast: boolean }[] = [];
    for (const frame of frames) {
      const fate = this.fate(frame, from, ++this.#index[from.name]);
      if (fate === 'pass' && this.isReliable) batch.push({ frame, isLast: false });
      else if (fate === 'cut') batch.push({ frame, isLast: true });
      else if (fate !== 'lose') {
        const delays = fate === 'pass' ? [this.latencyMs] : fate;
        for (const delayMs of delays)
          this.#deliver([{ frame, isLast: false }], from, epoch, delayMs);
      }
      if (fate === 'cut') break;
    }
    if (batch.length > 0) this.#deliver(batch, from, epoch, this.latencyMs);
  }

  #deliver(
    batch: readonly { readonly frame: Frame; readonly isLast: boolean }[],
    from: Side,
    epoch: number,
    delayMs: number,
  ): void {
    const to = this.other(from);
    this.at(this.nowMs + delayMs, () => {
      for (const { frame, isLast } of batch) {
        if (epoch !== this.#epoch) return;
        to.session.heard(this.nowMs);
        to.seen += 1;
        if (frame.kind === 'ack') to.windows.heard(frame);
        to.session.receive(frame, this.nowMs);
        to.isFlushWanted = true;
        if (isLast) this.cut();
      }
    });
  }
}

/** The wire keeps no views. */
function copied(frame: Frame): Frame {
  return 'payload' in frame ? { ...frame, payload: frame.payload.slice() } : frame;
}
