import { createServer, connect, type Server, type Socket } from 'node:net';
import { WilcoError } from '@wilco/protocol';
import { FaultPlan } from './fault-plan.ts';
import type { PassingFrame } from './frame-tracker.ts';
import { ProxiedConnection, type ProxyDirection, type ProxyStrike } from './proxied-connection.ts';
import {
  PROXY_FAULTS,
  resolveProxyOptions,
  type ProxyAddress,
  type ProxyFault,
  type ProxyOptions,
  type ResolvedProxyOptions,
} from './proxy-options.ts';

/** What a {@link MisbehavingProxy} has seen and done so far. */
export interface ProxyCounts {
  readonly connections: number;
  /** Frames that came in with a message, both directions together. */
  readonly messages: number;
  readonly bytes: Readonly<Record<ProxyDirection, number>>;
  /** How often each fault struck. */
  readonly faults: Readonly<Record<ProxyFault, number>>;
  /** How often each fault struck while messages were in flight; see {@link ProxyStrike.inFlight}. */
  readonly faultsInFlight: Readonly<Record<ProxyFault, number>>;
}

/**
 * Starts a TCP proxy that misbehaves on purpose: it cuts connections in the middle of a frame,
 * falls silent, resets, and damages bytes, so that a test can see what becomes of the messages.
 *
 * It stands on real sockets and real time. For tests on virtual time use the virtual network.
 *
 *     await using proxy = await startProxy({ target: server.address, seed: 7, cutEveryMs: 500 });
 *     const client = connect(proxy.address);
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`; `WILCO_LISTEN_FAILED` if the address is taken.
 */
export async function startProxy(options: ProxyOptions): Promise<MisbehavingProxy> {
  const resolved = resolveProxyOptions(options);
  const server = createServer({ allowHalfOpen: true });
  await listening(server, resolved.listen);
  return new MisbehavingProxy(server, resolved);
}

/** A running proxy. Made by {@link startProxy}. */
export class MisbehavingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ResolvedProxyOptions;
  readonly #plan: FaultPlan;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #listeners = new Set<(strike: ProxyStrike) => void>();
  readonly #bytes: Record<ProxyDirection, number> = { up: 0, down: 0 };
  readonly #faults: Record<ProxyFault, number> = noFaults();
  readonly #faultsInFlight: Record<ProxyFault, number> = noFaults();
  #accepted = 0;
  #messages = 0;

  constructor(server: Server, options: ResolvedProxyOptions) {
    this.#server = server;
    this.#options = options;
    this.#plan = new FaultPlan(options);
    server.on('connection', (client) => this.#accept(client));
  }

  /** Where clients are to connect to. */
  get address(): ProxyAddress {
    const address = this.#server.address();
    if (typeof address !== 'object' || !address) {
      throw new WilcoError('WILCO_CLOSED', 'the proxy is closed and has no address');
    }
    return { host: this.#options.listen.host, port: address.port };
  }

  /** How many connections pass through it at the moment, silent ones included. */
  get openConnections(): number {
    return this.#connections.size;
  }

  /** A copy of the counters. */
  get counts(): ProxyCounts {
    return {
      connections: this.#accepted,
      messages: this.#messages,
      bytes: { ...this.#bytes },
      faults: { ...this.#faults },
      faultsInFlight: { ...this.#faultsInFlight },
    };
  }

  /**
   * Demands a fault: it strikes the next frame that may be struck, of whichever connection, before
   * those that are due by the plan.
   */
  strikeNext(fault: ProxyFault): void {
    this.#plan.demand(fault);
  }

  /** Calls `listener` at each fault, as it strikes; returns a function that undoes it. */
  onStrike(listener: (strike: ProxyStrike) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends all connections and stops listening. May be called twice. */
  async close(): Promise<void> {
    const stopped = this.#server.listening ? closing(this.#server) : undefined;
    const closed = [...this.#connections].map((connection) => connection.closed);
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([stopped, ...closed]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    this.#accepted += 1;
    // Not connected yet: what the client sends meanwhile waits in its socket's buffer.
    const server = connect({ ...this.#options.target, allowHalfOpen: true });
    const connection = new ProxiedConnection(client, server, this.#options, this.#plan, {
      passed: (direction, bytes, frames) => this.#count(direction, bytes, frames),
      struck: (strike) => this.#struck(strike),
    });
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  #count(direction: ProxyDirection, bytes: number, frames: readonly PassingFrame[]): void {
    this.#bytes[direction] += bytes;
    for (const { kind } of frames) if (kind === 'message') this.#messages += 1;
  }

  #struck(strike: ProxyStrike): void {
    this.#faults[strike.fault] += 1;
    if (strike.inFlight > 0) this.#faultsInFlight[strike.fault] += 1;
    for (const listener of this.#listeners) listener(strike);
  }
}

function noFaults(): Record<ProxyFault, number> {
  return Object.fromEntries(PROXY_FAULTS.map((fault) => [fault, 0])) as Record<ProxyFault, number>;
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function listening(server: Server, { host, port }: ProxyAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new WilcoError('WILCO_LISTEN_FAILED', `the proxy: ${cause.message}`, { cause })),
    );
    server.listen(port, host, () => resolve());
  });
}
