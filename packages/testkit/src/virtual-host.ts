import type { Clock, Transport } from '@wilco/endpoint';
import type { VirtualNetwork } from './virtual-network.ts';
import { VirtualProcess } from './virtual-process.ts';

/**
 * A machine of the virtual network, which runs one process at a time. After a crash,
 * give {@link clock} and {@link transport} of the new process to a new endpoint.
 */
export class VirtualHost {
  readonly name: string;
  readonly #network: VirtualNetwork;
  #process: VirtualProcess;

  constructor(name: string, network: VirtualNetwork) {
    this.name = name;
    this.#network = network;
    this.#process = new VirtualProcess(network.clock);
  }

  /** The process that runs on it now. */
  get process(): VirtualProcess {
    return this.#process;
  }

  /** The clock of the process that runs on it now. */
  get clock(): Clock {
    return this.#process.clock;
  }

  /** The way to the network of the process that runs on it now. */
  transport(): Transport {
    return this.#network.transportFor(this.name, this.#process);
  }

  /** Stops its timers and its reading for so long. Milliseconds. */
  sleep(forMs: number): void {
    this.#process.sleep(forMs);
  }

  /**
   * Ends its process at once; nothing of it happens any more. `killed`: its system tells
   * the peers; `vanished`: the power is gone and nobody tells them.
   */
  crash(how: 'killed' | 'vanished'): void {
    const dead = this.#process;
    dead.die();
    this.#process = new VirtualProcess(this.#network.clock);
    this.#network.orphan(dead, how);
  }
}
