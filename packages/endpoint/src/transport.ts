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
 * whatever comes after.
 */
export interface ConnectionEvents {
  /** A dialled connection is made. Not called for an accepted one. */
  opened(): void;
  /** Bytes came in. They may be reused after the call returns. */
  received(bytes: Uint8Array): void;
  /** The peer sends nothing more. */
  ended(): void;
  failed(error: Error): void;
  closed(): void;
}

/** One byte stream. Connections come and go; sessions stay. */
export interface Connection {
  /** The other end, for logs, such as `127.0.0.1:7411`. */
  readonly remote: string;
  /** Whether it leaves this machine unencrypted. */
  readonly isExposed: boolean;
  /**
   * Whether bytes arrive once, in order, or the connection ends. Where `false`, each
   * `write` carries whole frames and may be lost, repeated or overtaken.
   */
  readonly isReliable: boolean;
  /** Bytes written and not yet handed to the system. */
  readonly unsentBytes: number;
  /** Tells the connection where to report. Called once, in the same turn in which it was given. */
  attach(events: ConnectionEvents): void;
  /** Takes the bytes; they are not changed afterwards. A failure comes as an event. */
  write(bytes: Uint8Array): void;
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
