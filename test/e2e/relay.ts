/** A plain relay between a client and a server, which can cut, hold back and slow down. */
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down';
/** `reset`: RST to both sides. `end`: FIN to both sides, as a process that exits leaves behind. */
export type Cut = 'reset' | 'end';

export interface RelayOptions {
  /** Cuts each connection when so many bytes have passed in that direction. */
  readonly cutAt?: { readonly direction: Direction; readonly bytes: number; readonly how: Cut };
  /** How many connections are cut by `cutAt`; those that follow pass. @defaultValue all */
  readonly cuts?: number;
  /** Lets no more than this through in each direction. @defaultValue no limit */
  readonly bytesPerSecond?: number;
}

/** How often a slowed relay passes bytes on. Milliseconds. */
const TICK_MS = 5;

export class Relay {
  readonly #server: Server;
  readonly #target: number;
  readonly #options: RelayOptions;
  readonly #pairs = new Set<Pair>();
  #accepted = 0;
  /** How many bytes were let through. */
  readonly passed: Record<Direction, number> = { up: 0, down: 0 };

  static async start(target: number, options: RelayOptions = {}): Promise<Relay> {
    const relay = new Relay(target, options);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  private constructor(target: number, options: RelayOptions) {
    this.#target = target;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near));
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** How many connections were ever made to it. */
  get accepted(): number {
    return this.#accepted;
  }

  get openConnections(): number {
    return this.#pairs.size;
  }

  /** Cuts every connection that there is. */
  cut(how: Cut = 'reset'): void {
    for (const pair of this.#pairs) pair.cut(how);
  }

  /** Ends the side of the client, or of the server, of every connection; the other side learns nothing. */
  endOnly(side: 'client' | 'server'): void {
    for (const pair of this.#pairs) pair.endOnly(side);
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    this.#accepted += 1;
    const { cutAt, cuts = Infinity, bytesPerSecond } = this.#options;
    const far = createConnection({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
    const isToCut = cutAt !== undefined && this.#accepted <= cuts;
    const pair = new Pair(near, far, {
      cutAt: isToCut ? cutAt : undefined,
      bytesPerSecond,
      passed: this.passed,
    });
    this.#pairs.add(pair);
    near.on('close', () => this.#pairs.delete(pair));
  }
}

interface PairSetting {
  readonly cutAt: RelayOptions['cutAt'];
  readonly bytesPerSecond: number | undefined;
  readonly passed: Record<Direction, number>;
}

class Pair {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #setting: PairSetting;
  #isCut = false;
  /** What passed in the direction that is limited. */
  #passed = 0;

  constructor(near: Socket, far: Socket, setting: PairSetting) {
    this.#near = near;
    this.#far = far;
    this.#setting = setting;
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => this.#otherOf(socket).destroy());
    }
    this.#pass('up', near, far);
    this.#pass('down', far, near);
    const { cutAt } = setting;
    if (cutAt?.bytes === 0) far.once('connect', () => this.cut(cutAt.how));
  }

  cut(how: Cut): void {
    if (this.#isCut) return;
    this.#isCut = true;
    for (const socket of [this.#near, this.#far]) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.end();
    }
  }

  endOnly(side: 'client' | 'server'): void {
    this.#isCut = true;
    const [ended, kept] = side === 'client' ? [this.#near, this.#far] : [this.#far, this.#near];
    ended.removeAllListeners('close');
    ended.end();
    kept.resume();
  }

  destroy(): void {
    this.#near.destroy();
    this.#far.destroy();
  }

  #otherOf(socket: Socket): Socket {
    return socket === this.#near ? this.#far : this.#near;
  }

  #pass(direction: Direction, from: Socket, to: Socket): void {
    const { bytesPerSecond } = this.#setting;
    const waiting: Buffer[] = [];
    from.on('data', (bytes: Buffer) => {
      if (this.#isCut) return;
      if (bytesPerSecond === undefined) {
        this.#forward(direction, to, bytes);
        return;
      }
      waiting.push(bytes);
      from.pause();
    });
    from.on('end', () => {
      if (!this.#isCut) to.end();
    });
    if (bytesPerSecond === undefined) return;
    let lastMs = performance.now();
    const timer = setInterval(() => {
      // By the time that passed: a busy machine shall not make the link slower than it is.
      const nowMs = performance.now();
      const share = Math.ceil((bytesPerSecond * (nowMs - lastMs)) / 1_000);
      lastMs = nowMs;
      takeBytes(waiting, share, (part) => this.#forward(direction, to, part));
      if (waiting.length === 0) from.resume();
    }, TICK_MS);
    from.on('close', () => clearInterval(timer));
  }

  #forward(direction: Direction, to: Socket, bytes: Buffer): void {
    const { cutAt, passed } = this.#setting;
    const isLimited = cutAt?.direction === direction;
    const part = isLimited ? bytes.subarray(0, this.#left(cutAt.bytes)) : bytes;
    this.#passed += isLimited ? part.length : 0;
    passed[direction] += part.length;
    if (!isLimited || this.#left(cutAt.bytes) > 0) to.write(part);
    // What is let through shall arrive ahead of the cut.
    else to.write(part, () => this.cut(cutAt.how));
  }

  #left(bytes: number): number {
    return Math.max(0, bytes - this.#passed);
  }
}

/** Takes up to so many bytes off the front. */
function takeBytes(waiting: Buffer[], most: number, take: (part: Buffer) => void): void {
  let left = most;
  while (left > 0 && waiting[0] !== undefined) {
    const part = waiting[0].subarray(0, left);
    waiting[0] = waiting[0].subarray(part.length);
    if (waiting[0].length === 0) waiting.shift();
    left -= part.length;
    take(part);
  }
}
