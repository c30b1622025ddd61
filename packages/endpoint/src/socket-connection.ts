import type { Socket } from 'node:net';
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

/** What a connection on a socket is, beside its bytes. */
export interface SocketFacts {
  readonly remote: string;
  readonly isExposed: boolean;
  /** What tells that a dialled socket is connected; `undefined`: it is connected already. */
  readonly openedBy?: 'connect' | 'secureConnect';
  /** Asked once it is connected. */
  readonly tls?: () => TlsPeer;
  /** What the system says, in our words. */
  readonly explain?: (error: Error) => Error;
}

/** A connection on a socket of the system: TCP, TLS or Unix. */
export class SocketConnection implements Connection {
  readonly remote: string;
  readonly isExposed: boolean;
  readonly isReliable = true;
  readonly #socket: Socket;
  readonly #facts: SocketFacts;
  #tls: TlsPeer | undefined;
  #events: ConnectionEvents | undefined;

  constructor(socket: Socket, facts: SocketFacts) {
    // First of all: an error without a listener would end the process.
    socket.on('error', (error) => this.#events?.failed(facts.explain?.(error) ?? error));
    this.#socket = socket;
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
    this.#socket.on('data', (bytes: Uint8Array) => {
      events.received(bytes);
      if (bytes.length >= FULL_READ_BYTES) this.#yield();
    });
    this.#socket.on('end', () => events.ended());
    this.#socket.on('close', () => events.closed());
  }

  /** The system would give it many reads in a row: who floods it waits for its turn like all others. */
  #yield(): void {
    this.#socket.pause();
    setImmediate(() => this.#socket.resume());
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
