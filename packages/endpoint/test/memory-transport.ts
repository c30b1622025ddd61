import type { Clock } from '../src/clock.ts';
import type {
  Address,
  Connection,
  ConnectionEvents,
  Listener,
  Transport,
} from '../src/transport.ts';

/** One end of a link in memory. What is written arrives in the next turn. */
export class MemoryConnection implements Connection {
  readonly remote: string;
  readonly isExposed: boolean;
  readonly isReliable: boolean;
  unsentBytes = 0;
  isDestroyed = false;
  isEnded = false;
  peer: MemoryConnection | undefined;
  readonly #clock: Clock;
  #events: ConnectionEvents | undefined;

  constructor(clock: Clock, given: { remote: string; isReliable?: boolean; isExposed?: boolean }) {
    this.#clock = clock;
    this.remote = given.remote;
    this.isReliable = given.isReliable ?? true;
    this.isExposed = given.isExposed ?? false;
  }

  /** What the other side may report, for tests that report it out of order. */
  get events(): ConnectionEvents {
    if (this.#events === undefined) throw new Error('nobody is attached');
    return this.#events;
  }

  attach(events: ConnectionEvents): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): void {
    if (this.isDestroyed || this.isEnded) return;
    const copy = bytes.slice();
    this.#clock.defer(() => this.peer?.deliver(copy));
  }

  end(): void {
    this.isEnded = true;
    this.#clock.defer(() => this.peer?.report('ended'));
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.#clock.defer(() => this.peer?.report('closed'));
  }

  deliver(bytes: Uint8Array): void {
    if (!this.isDestroyed) this.#events?.received(bytes);
  }

  report(event: 'opened' | 'ended' | 'closed'): void {
    if (!this.isDestroyed) this.#events?.[event]();
  }
}

/** A network in memory; whoever holds it is the other side of every connection. */
export class MemoryTransport implements Transport {
  readonly #clock: Clock;
  readonly isReliable: boolean;
  /** The far ends of all connections that were dialled, in order. */
  readonly dialled: MemoryConnection[] = [];
  /** Given the far end of each connection that is dialled. */
  onDial: (far: MemoryConnection) => void = () => {};
  #accept: ((connection: Connection) => void) | undefined;
  /** Whether dialling comes to anything. */
  isReachable = true;
  isExposed = false;

  constructor(clock: Clock, isReliable = true) {
    this.#clock = clock;
    this.isReliable = isReliable;
  }

  connect(): Connection {
    const [near, far] = this.#link();
    this.dialled.push(far);
    this.onDial(far);
    const { isReachable } = this;
    this.#clock.defer(() => {
      if (isReachable) near.report('opened');
      else near.events.failed(new Error('nobody listens'));
    });
    return near;
  }

  listen(address: Address, accept: (connection: Connection) => void): Promise<Listener> {
    this.#accept = accept;
    return Promise.resolve({
      address: { host: 'memory', port: address.port ?? 0, path: undefined },
      close: () => Promise.resolve(),
    });
  }

  /** Comes in as a client would; returns its end. */
  dialIn(): MemoryConnection {
    const [near, far] = this.#link();
    this.#accept?.(far);
    return near;
  }

  #link(): [MemoryConnection, MemoryConnection] {
    const { isReliable, isExposed } = this;
    const near = new MemoryConnection(this.#clock, { remote: 'far', isReliable, isExposed });
    const far = new MemoryConnection(this.#clock, { remote: 'near', isReliable, isExposed });
    near.peer = far;
    far.peer = near;
    return [near, far];
  }
}
