import type { Socket } from 'node:net';
import type { FaultPlan } from './fault-plan.ts';
import { frameTracker, type FrameTracker, type PassingFrame } from './frame-tracker.ts';
import { Lane } from './lane.ts';
import type { ProxyFault, ResolvedProxyOptions } from './proxy-options.ts';

/** `up` leads from the client to the server, `down` back. */
export type ProxyDirection = 'up' | 'down';

/** A fault that struck. */
export interface ProxyStrike {
  readonly fault: ProxyFault;
  readonly direction: ProxyDirection;
  /**
   * How many messages had passed, in either direction, without an acknowledgement passing back
   * since. The peers may have had more on the way; never fewer.
   */
  readonly inFlight: number;
}

/** What a connection reports to its proxy. */
export interface ProxiedConnectionListener {
  passed(direction: ProxyDirection, bytes: number, frames: readonly PassingFrame[]): void;
  struck(strike: ProxyStrike): void;
}

interface Side {
  readonly direction: ProxyDirection;
  readonly from: Socket;
  readonly lane: Lane;
  readonly tracker: FrameTracker;
  /** Messages that passed here since an acknowledgement last passed back. */
  unacknowledged: number;
}

/** One client's connection, the proxy's connection to the server, and what happens between. */
export class ProxiedConnection {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  readonly #options: ResolvedProxyOptions;
  readonly #plan: FaultPlan;
  readonly #listener: ProxiedConnectionListener;
  readonly #sockets: readonly Socket[];
  readonly #up: Side;
  readonly #down: Side;
  #isSilent = false;
  #silenceTimer: NodeJS.Timeout | undefined;

  constructor(
    client: Socket,
    server: Socket,
    options: ResolvedProxyOptions,
    plan: FaultPlan,
    listener: ProxiedConnectionListener,
  ) {
    this.#options = options;
    this.#plan = plan;
    this.#listener = listener;
    this.#sockets = [client, server];
    this.#up = this.#side('up', client, server);
    this.#down = this.#side('down', server, client);
    this.#follow(this.#up, this.#down);
    this.#follow(this.#down, this.#up);
    this.closed = Promise.all(this.#sockets.map(closing)).then(() => this.#stopForwarding());
  }

  /** Ends both connections at once, with whatever they hold. */
  destroy(): void {
    this.#stopForwarding();
    for (const socket of this.#sockets) socket.destroy();
  }

  #side(direction: ProxyDirection, from: Socket, to: Socket): Side {
    const { delayMs, dribbleBytes, framing } = this.#options;
    const lane = new Lane({ from, to, delayMs, dribbleBytes });
    return { direction, from, lane, tracker: frameTracker(framing), unacknowledged: 0 };
  }

  #follow(side: Side, back: Side): void {
    const { from } = side;
    from.setNoDelay(true);
    from.on('data', (piece) => this.#receive(side, back, piece));
    from.on('end', () => this.#ended(side, back));
    // The reason follows in `close`, which is where it is dealt with.
    from.on('error', () => {});
    from.on('close', (isError) => this.#closed(side, back, isError));
  }

  #receive(side: Side, back: Side, piece: Buffer): void {
    if (this.#isSilent) return;
    const frames = side.tracker.track(piece);
    this.#listener.passed(side.direction, piece.length, frames);
    for (const frame of frames) {
      if (frame.kind === 'message') side.unacknowledged += 1;
      if (this.#strike(side, piece, frame)) return;
      if (frame.kind === 'ack') back.unacknowledged = 0;
    }
    side.lane.push(piece);
  }

  /** Lets a fault that is due strike this frame; returns whether the piece is dealt with. */
  #strike(side: Side, piece: Buffer, frame: PassingFrame): boolean {
    this.#plan.advance(performance.now());
    const inFlight = this.#up.unacknowledged + this.#down.unacknowledged;
    const fault = this.#plan.due();
    if (fault === undefined || (inFlight === 0 && !this.#options.strikesWhenIdle)) return false;
    this.#plan.take(fault);
    this.#listener.struck({ fault, direction: side.direction, inFlight });
    return this.#perform(fault, side, piece, frame);
  }

  #perform(fault: ProxyFault, side: Side, piece: Buffer, frame: PassingFrame): boolean {
    const end = Math.min(frame.end, piece.length);
    switch (fault) {
      case 'cut': {
        // At least one byte of the frame goes, and at least one stays behind.
        const last = Math.min(end, frame.end - 1);
        side.lane.push(piece.subarray(0, this.#plan.pick(frame.start + 1, last)));
        side.lane.after(() => this.destroy());
        this.#isSilent = true;
        return true;
      }
      case 'stall':
        side.lane.push(piece.subarray(0, frame.start));
        this.#fallSilent();
        return true;
      case 'reset':
        this.#reset();
        return true;
      case 'corrupt':
        damage(piece, this.#plan.pick(frame.start, end - 1), this.#plan.pick(0, 7));
        return false;
    }
  }

  #fallSilent(): void {
    this.#isSilent = true;
    const { stallForMs } = this.#options;
    if (stallForMs !== Infinity) {
      this.#silenceTimer = setTimeout(() => this.#reset(), stallForMs);
    }
  }

  #reset(): void {
    this.#stopForwarding();
    for (const socket of this.#sockets) {
      if (!socket.destroyed) socket.resetAndDestroy();
    }
  }

  #stopForwarding(): void {
    this.#isSilent = true;
    clearTimeout(this.#silenceTimer);
    this.#up.lane.close();
    this.#down.lane.close();
  }

  /** One side writes nothing any more. Nothing gets through a silence, not even that. */
  #ended(side: Side, back: Side): void {
    if (this.#isSilent) side.from.end();
    else side.lane.after(() => back.from.end());
  }

  /** The end of one side is the end of the other, except in a silence. */
  #closed(side: Side, back: Side, isError: boolean): void {
    if (this.#isSilent) return;
    if (isError) this.#reset();
    else side.lane.after(() => back.from.destroySoon());
  }
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

function damage(piece: Buffer, position: number, bit: number): void {
  piece[position] = (piece[position] ?? 0) ^ (1 << bit);
}
