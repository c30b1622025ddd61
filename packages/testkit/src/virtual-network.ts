import { WilcoError } from '@wilco/protocol';
import type { Address, Connection, Listener, Transport } from '@wilco/endpoint';
import { FaultCounts, type NetworkFault } from './fault-counts.ts';
import { PERFECT_LINK, type LinkFaults } from './link-faults.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { VirtualHost } from './virtual-host.ts';
import { VirtualLink, type LinkObserver } from './virtual-link.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** A connection about to be dialled. */
export interface Dial {
  /** Links are numbered from 1, in the order in which they are dialled. */
  readonly number: number;
  /** Names of the hosts. */
  readonly from: string;
  readonly to: string;
}

/** How a virtual network behaves. */
export interface VirtualNetworkOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /**
   * Whether bytes arrive once and in order, or the connection ends.
   *
   * @defaultValue `true`
   */
  readonly isReliable?: boolean;
  /**
   * What is wrong with each link.
   *
   * @defaultValue nothing
   */
  readonly faultsFor?: (dial: Dial) => LinkFaults;
  /**
   * Reads along.
   *
   * @defaultValue nobody
   */
  readonly observer?: LinkObserver;
}

interface ListeningProcess {
  readonly process: VirtualProcess;
  readonly accept: (connection: Connection) => void;
}

const FIRST_EPHEMERAL_PORT = 49_152;

/**
 * Hosts, and links between them that misbehave on purpose and reproducibly. Give
 * `host(name).transport()` to an endpoint, and let the clock run.
 */
export class VirtualNetwork {
  readonly clock: VirtualClock;
  readonly isReliable: boolean;
  /** All links ever dialled, in order. */
  readonly links: VirtualLink[] = [];
  readonly #random: SeededRandom;
  readonly #faultCounts = new FaultCounts();
  readonly #hosts = new Map<string, VirtualHost>();
  readonly #listening = new Map<string, ListeningProcess>();
  readonly #newest = new Map<string, number>();
  #faultsFor: (dial: Dial) => LinkFaults;
  readonly #observer: LinkObserver | undefined;
  /** Names that lead to another host than they say. */
  readonly #redirected = new Map<string, string>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  constructor(options: VirtualNetworkOptions) {
    this.clock = options.clock;
    this.#random = options.random;
    this.isReliable = options.isReliable ?? true;
    this.#faultsFor = options.faultsFor ?? (() => PERFECT_LINK);
    this.#observer = options.observer;
  }

  /** How often each fault happened. */
  get counts(): Readonly<Record<NetworkFault, number>> {
    return this.#faultCounts.counts;
  }

  /** The host of that name, made when it is first asked for. */
  host(name: string): VirtualHost {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = new VirtualHost(name, this);
      this.#hosts.set(name, host);
    }
    return host;
  }

  /** From now on nothing is wrong with new links. The old ones stay as they are. */
  heal(): void {
    this.#faultsFor = () => PERFECT_LINK;
  }

  /** New connections to `name` reach the host `other`; `undefined`: `name` itself again. */
  redirect(name: string, other: string | undefined): void {
    if (other === undefined) this.#redirected.delete(name);
    else this.#redirected.set(name, other);
  }

  /** The transport of one process of a host. */
  transportFor(name: string, process: VirtualProcess): Transport {
    return {
      connect: (address) => this.#dial(name, process, address),
      listen: (address, accept) => this.#listen(name, process, address, accept),
    };
  }

  /** A process died: its ports are free, and its links end. */
  orphan(process: VirtualProcess, how: 'killed' | 'vanished'): void {
    for (const [key, listening] of this.#listening) {
      if (listening.process === process) this.#listening.delete(key);
    }
    for (const link of this.links) if (!link.isOver) link.orphan(process, how);
  }

  #listen(
    name: string,
    process: VirtualProcess,
    { port = 0 }: Address,
    accept: (connection: Connection) => void,
  ): Promise<Listener> {
    const chosen = port === 0 ? this.#nextPort++ : port;
    const key = `${name}:${chosen}`;
    if (this.#listening.has(key)) {
      const error = new WilcoError('WILCO_LISTEN_FAILED', `${key} is in use`);
      return Promise.reject(error);
    }
    const listening = { process, accept };
    this.#listening.set(key, listening);
    return Promise.resolve({
      address: { host: name, port: chosen, path: undefined },
      close: () => {
        if (this.#listening.get(key) === listening) this.#listening.delete(key);
        return Promise.resolve();
      },
    });
  }

  #dial(from: string, process: VirtualProcess, address: Address): Connection {
    const number = this.links.length + 1;
    const { host: named = 'localhost', port = 0 } = address;
    const to = this.#redirected.get(named) ?? named;
    const pair = `${from} ${to}`;
    const link = new VirtualLink(
      {
        number,
        clock: this.clock,
        random: this.#random.split(`link ${number}`),
        isReliable: this.isReliable,
        faults: this.#faultsFor({ number, from, to }),
        counts: this.#faultCounts,
        isOutdated: () => (this.#newest.get(pair) ?? 0) > number,
        observer: this.#observer,
      },
      { process, host: from, port: 0 },
      { process: this.host(to).process, host: to, port },
    );
    this.links.push(link);
    this.#newest.set(pair, number);
    this.#open(link, `${to}:${port}`);
    return link.dialler;
  }

  #open(link: VirtualLink, key: string): void {
    const { dial, dialDelayMs } = link.faults;
    const opensMs = this.clock.nowMs() + dialDelayMs;
    if (dial === 'unanswered') {
      this.#faultCounts.count('unanswered');
      return;
    }
    if (dialDelayMs > 1) this.#faultCounts.count('slowDial');
    if (dial === 'refused') this.#faultCounts.count('refused');
    this.clock.schedule(opensMs, () => {
      const listening = this.#listening.get(key);
      if (dial === 'refused' || listening === undefined) {
        link.dialler.report(['failed', 'closed'], `connect ECONNREFUSED ${key}`);
        return;
      }
      if (listening.process === link.acceptor.process) this.#accept(link, listening);
      else link.dialler.report(['failed', 'closed'], `connect ETIMEDOUT ${key}`);
    });
  }

  /** The system accepts, whether the process is awake or not. */
  #accept(link: VirtualLink, { process, accept }: ListeningProcess): void {
    const nowMs = this.clock.nowMs();
    process.post(nowMs, () => {
      link.acceptor.open();
      accept(link.acceptor);
    });
    link.dialler.post(nowMs, () => link.dialler.reportOpened());
  }
}
