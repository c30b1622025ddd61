import type { PeerCertificate } from 'node:tls';
import type { WilcoError } from '@wilco/protocol';
import type { TlsCertificates } from './tls-options.ts';

/** Where to connect to, or to listen: host and port, or the path of a Unix socket. */
export interface Address {
  /** Name or address of the host. Not looked at where there is a `path`. @defaultValue `'localhost'` */
  readonly host?: string | undefined;
  /** 0 to 65_535; 0 lets the system choose (listening only). Needed unless there is a `path`. */
  readonly port?: number | undefined;
  /**
   * A Unix socket: the path of its file, absolute or below the working directory. At most
   * 107 bytes of UTF-8 (103 outside Linux), which is what the system has room for.
   *
   * @defaultValue none: TCP
   */
  readonly path?: string | undefined;
}

/** An {@link Address} with nothing left open. */
export interface FullAddress {
  /** `'localhost'` for a Unix socket. */
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  /** The path of a Unix socket; `undefined` for TCP. */
  readonly path: string | undefined;
}

/**
 * What happens on a connection. May come in any order that the system likes: the
 * endpoint takes the first of `ended`, `failed` and `closed` as the end, and ignores
 * whatever comes after. Call them on what was given to `attach`: they are methods of an object.
 */
export interface ConnectionEvents {
  /**
   * A dialled connection is made. Of an accepted one it is told where its beginning takes
   * time, as that of TLS does; nothing is received before.
   */
  opened(): void;
  /** Bytes came in. They may be reused after the call returns, unless it hands over its reads. */
  received(bytes: Uint8Array): void;
  /** The peer sends nothing more. */
  ended(): void;
  failed(error: Error): void;
  closed(): void;
}

/** What TLS tells of the other end of a connection. */
export interface TlsPeer {
  /**
   * The certificate of the other end, where it was verified: somebody of `ca` signed it, and
   * it is valid today. `undefined` where there is none, or one that nobody vouches for.
   */
  readonly certificate: PeerCertificate | undefined;
  /** Why there is no `certificate`, such as `CERT_HAS_EXPIRED`; `undefined` if none was asked for. */
  readonly failure: string | undefined;
  /** The version that was agreed on, such as `TLSv1.3`. */
  readonly protocol: string;
}

/** One byte stream. Connections come and go; sessions stay. */
export interface Connection {
  /** The other end, for logs, such as `127.0.0.1:7411`. */
  readonly remote: string;
  /** Whether it leaves this machine unencrypted. */
  readonly isExposed: boolean;
  /** What TLS tells of the other end, from `opened` on; `undefined` without TLS. */
  readonly tls?: TlsPeer | undefined;
  /** Why an accepted connection is to be refused, from `opened` on; `undefined`: it is not. */
  readonly refusal?: WilcoError | undefined;
  /**
   * Whether bytes arrive once, in order, or the connection ends. Where `false`, each
   * `write` carries whole frames and may be lost, repeated or overtaken.
   */
  readonly isReliable: boolean;
  /**
   * Whether the bytes that `received` is given are never used again: then a message may stay
   * where it was read, else what is kept of them is copied.
   */
  readonly handsOverReads?: boolean | undefined;
  /** Bytes written and not yet handed to the system. */
  readonly unsentBytes: number;
  /** Tells the connection where to report. Called once, in the same turn in which it was given. */
  attach(events: ConnectionEvents): void;
  /** Takes the bytes; they are not changed afterwards. A failure comes as an event. */
  write(bytes: Uint8Array): void;
  /** {@link write} for all that goes out together, in order; `undefined`: each by itself. */
  writeAll?(pieces: readonly Uint8Array[]): void;
  /** Sends what was written, then ends this direction. */
  end(): void;
  /** Lets go of it at once. */
  destroy(): void;
}

/** A place that accepts connections. */
export interface Listener {
  /** Where it listens, with the port that the system chose. */
  readonly address: FullAddress;
  /** Stops accepting; resolves when the port is free. Accepted connections live on. */
  close(): Promise<void>;
  /**
   * With TLS: what the connections to come are shown and trust. Those that are there stay.
   *
   * @throws {@link WilcoError} `WILCO_OPTION_INVALID`; what was there before is kept then.
   */
  renewCertificates?(certificates: TlsCertificates): void;
}

/** A way to make connections: TCP, or the testkit's virtual network. */
export interface Transport {
  /** Begins to dial; the outcome comes as an event. */
  connect(address: Address): Connection;
  /**
   * Calls `accept` for each connection that comes in.
   *
   * Rejects with `WILCO_LISTEN_FAILED`.
   */
  listen(address: Address, accept: (connection: Connection) => void): Promise<Listener>;
}
