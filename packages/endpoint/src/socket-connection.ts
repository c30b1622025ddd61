import type { OnReadOpts, Socket } from 'node:net';
import type { Connection, ConnectionEvents, TlsPeer } from './transport.ts';

/**
 * How each socket is set up: small messages leave at once, and after half a minute without
 * traffic the system asks whether the other machine is still there.
 */
export const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
} as const;

/** Behind a read of this size there is more, most likely. */
const FULL_READ_BYTES = 64 * 1024;
/** After so many full reads in a row others have their turn. */
const FULL_READS = 4;

/** What a connection on a socket is, beside its bytes. */
export interface SocketFacts {
  readonly remote: string;
  readonly isExposed: boolean;
  /** What tells that a dialled socket is connected; `undefined`: it is connected already. */
  readonly openedBy?: 'connect' | 'secureConnect';
  /** Asked once it is connected. */
  readonly tls?: () => TlsPeer | undefined;
  /** What the system says, in our words. */
  readonly explain?: (error: Error) => Error;
}

/** Dials, with the options for reading. */
type Dial = (onread: OnReadOpts) => Socket;

/**
 * A connection on a socket of the system: TCP, TLS or Unix.
 *
 * One that is dialled reads into a buffer that all of the process share. Node.js has no public
 * way to do so with one that was accepted: it gives each read memory of its own, which is then
 * handed over.
 */
export class SocketConnection implements Connection {
  readonly remote: string;
  readonly isExposed: boolean;
  readonly isReliable = true;
  readonly handsOverReads: boolean;
  readonly #socket: Socket;
  readonly #facts: SocketFacts;
  #tls: TlsPeer | undefined;
  #events: ConnectionEvents | undefined;
  #fullReads = 0;

  constructor(socket: Socket | Dial, facts: SocketFacts) {
    this.handsOverReads = typeof socket !== 'function';
    this.#socket = typeof socket === 'function' ? socket(this.#reading()) : socket;
    (this.#socket as OwnedSocket)[OWNER] = this;
    // First of all: an error without a listener would end the process.
    this.#socket.on('error', tellFailed);
    this.#facts = facts;
    this.remote = facts.remote;
    this.isExposed = facts.isExposed;
    if (facts.openedBy === undefined) this.#tls = facts.tls?.();
  }

  get tls(): TlsPeer | undefined {
    return this.#tls;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  attach(events: ConnectionEvents): void {
    this.#events = events;
    const { openedBy, tls } = this.#facts;
    if (openedBy !== undefined) {
      this.#socket.on(openedBy, () => {
        this.#tls = tls?.();
        events.opened();
      });
    }
    if (this.handsOverReads) this.#socket.on('data', tellReceived);
    this.#socket.on('end', tellEnded);
    this.#socket.on('close', tellClosed);
  }

  /** @internal Told by the socket, as what follows. */
  received(bytes: Uint8Array): void {
    this.#events?.received(bytes);
    this.#fullReads = bytes.length < FULL_READ_BYTES ? 0 : this.#fullReads + 1;
    if (this.#fullReads < FULL_READS) return;
    this.#fullReads = 0;
    this.#yield();
  }

  /** @internal */
  ended(): void {
    this.#events?.ended();
  }

  /** @internal */
  closed(): void {
    this.#events?.closed();
  }

  /** @internal */
  failed(error: Error): void {
    this.#events?.failed(this.#facts.explain?.(error) ?? error);
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** One call to the system for all of them. */
  writeAll(pieces: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const bytes of pieces) this.write(bytes);
    this.#socket.uncork();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** A read is dealt with before the next one begins, on whichever connection. */
  #reading(): OnReadOpts {
    return {
      buffer: sharedReadBuffer(),
      callback: (count, buffer) => {
        this.received(buffer.subarray(0, count));
        return true;
      },
    };
  }

  /** The system would give it many reads in a row: who floods it waits for its turn like all others. */
  #yield(): void {
    this.#socket.pause();
    setImmediate(() => this.#socket.resume());
  }
}

/** The connection on a socket: listeners that find it there serve all sockets alike. */
const OWNER = Symbol('connection');

type OwnedSocket = Socket & { [OWNER]?: SocketConnection };

function tellReceived(this: OwnedSocket, bytes: Uint8Array): void {
  this[OWNER]?.received(bytes);
}

function tellEnded(this: OwnedSocket): void {
  this[OWNER]?.ended();
}

function tellClosed(this: OwnedSocket): void {
  this[OWNER]?.closed();
}

function tellFailed(this: OwnedSocket, error: Error): void {
  this[OWNER]?.failed(error);
}

let readBuffer: Uint8Array | undefined;

function sharedReadBuffer(): Uint8Array {
  return (readBuffer ??= new Uint8Array(FULL_READ_BYTES));
}
