import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { WilcoError } from '@wilco/protocol';
import { SocketConnection } from './socket-connection.ts';
import { tlsFailure } from './tls-failure.ts';
import { tlsPeer } from './tls-peer.ts';
import type { Connection, ConnectionEvents, TlsPeer } from './transport.ts';

/** Which certificates are wanted of clients. */
export interface ClientCertificates {
  readonly isAsked: boolean;
  readonly isRequired: boolean;
}

/**
 * A connection that came in and begins with a handshake. It is there from its first moment
 * on, so that deadlines and limits hold for those as well who never finish theirs. What is
 * written before it is secure waits: nothing goes out in plain text.
 */
export class AcceptedTlsConnection implements Connection {
  readonly remote: string;
  readonly isExposed = false;
  readonly isReliable = true;
  readonly handsOverReads = true;
  readonly #raw: Socket;
  #secure: SocketConnection | undefined;
  #events: ConnectionEvents | undefined;
  #refusal: WilcoError | undefined;
  #waiting: Uint8Array[] = [];
  #hasEnded = false;

  constructor(raw: Socket, remote: string) {
    this.#raw = raw;
    this.remote = remote;
  }

  get tls(): TlsPeer | undefined {
    return this.#secure?.tls;
  }

  get refusal(): WilcoError | undefined {
    return this.#refusal;
  }

  get unsentBytes(): number {
    if (this.#secure !== undefined) return this.#secure.unsentBytes;
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  attach(events: ConnectionEvents): void {
    this.#events = events;
    this.#raw.on('close', () => events.closed());
  }

  writeAll(pieces: readonly Uint8Array[]): void {
    if (this.#secure !== undefined) this.#secure.writeAll(pieces);
    else for (const bytes of pieces) this.write(bytes);
  }

  write(bytes: Uint8Array): void {
    if (this.#secure !== undefined) this.#secure.write(bytes);
    else if (!this.#hasEnded) this.#waiting.push(bytes);
  }

  end(): void {
    this.#hasEnded = true;
    this.#secure?.end();
  }

  destroy(): void {
    if (this.#secure !== undefined) this.#secure.destroy();
    else this.#raw.destroy();
  }

  /** The handshake is done. */
  secured(socket: TLSSocket, { isAsked, isRequired }: ClientCertificates): void {
    socket.disableRenegotiation();
    const { remote } = this;
    const secure = new SocketConnection(socket, {
      ...{ remote, isExposed: false },
      tls: () => tlsPeer(socket, isAsked),
      explain: (error) => tlsFailure(error, remote),
    });
    this.#secure = secure;
    const failure = secure.tls?.failure;
    if (isRequired && failure !== undefined) {
      const detail = `the certificate of the client was not accepted: ${failure}`;
      this.#refusal = new WilcoError('WILCO_TLS_FAILED', detail);
    }
    if (this.#events !== undefined) secure.attach(this.#events);
    for (const bytes of this.#waiting.splice(0)) secure.write(bytes);
    if (this.#hasEnded) secure.end();
    else this.#events?.opened();
  }

  /** There will be no secure connection. */
  failed(error: Error): void {
    this.#events?.failed(error);
    this.#raw.destroy();
  }
}
