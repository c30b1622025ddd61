import {
  connect,
  type Client,
  type ClientOptions,
  type LogEntry,
  type LogHook,
} from '@wilco/client';
import type { Clock, SessionHandle } from '@wilco/endpoint';
import { listen, Server, type ServerOptions } from '@wilco/server';
import { drawLinkFaults, PERFECT_LINK, type FaultDrawing } from '../link-faults.ts';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import type { VirtualHost } from '../virtual-host.ts';
import { VirtualNetwork } from '../virtual-network.ts';
import { MessageHistory, type RehearsalReport } from './message-history.ts';

/** How bad the network of a rehearsal is. */
export type RehearsalNetwork = 'perfect' | 'bad' | 'terrible' | FaultDrawing;

/** What a rehearsal is made of. */
export interface RehearsalOptions {
  /**
   * Decides every fault and every random number: the same seed gives the same run.
   *
   * @defaultValue `1`
   */
  readonly seed?: number | string;
  /**
   * `'perfect'`: a millisecond each way, and nothing goes wrong. `'bad'`: every other connection
   * comes to a bad end (cut, reset, or swallowed in silence), some are slow or damage a byte.
   * `'terrible'`: nearly all do, after some kilobytes. Or your own rates.
   *
   * @defaultValue `'perfect'`
   */
  readonly network?: RehearsalNetwork;
  /**
   * How much virtual time may pass in one call of {@link Rehearsal.run} or
   * {@link Rehearsal.settle} before it gives up with an error.
   *
   * Milliseconds.
   *
   * @defaultValue `86_400_000` (a day, which takes seconds)
   */
  readonly limitMs?: number;
}

const NETWORKS = {
  perfect: { isReliable: true, fateRate: 0, faultRate: 0, lifeBytes: 0 },
  bad: { isReliable: true, fateRate: 0.5, faultRate: 0.1, lifeBytes: 20_000 },
  terrible: { isReliable: true, fateRate: 0.9, faultRate: 0.25, lifeBytes: 5_000 },
} as const satisfies Record<string, FaultDrawing>;

const SERVER = 'server';
const PORT = 7411;

/**
 * Your handlers, the real client and the real server, on a virtual network and virtual time: an
 * hour of a bad network in some milliseconds, and the same again with the same seed.
 *
 * Time stands still except inside {@link run}, {@link settle} and {@link pass}. A handler that
 * waits takes its time from {@link sleep}, or from {@link clock}: a real timer would never be
 * waited for.
 */
export class Rehearsal implements AsyncDisposable {
  readonly network: VirtualNetwork;
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #limitMs: number;
  readonly #history = new MessageHistory();
  readonly #open: (Client | Server)[] = [];
  #clients = 0;

  constructor({ seed = 1, network = 'perfect', limitMs = 86_400_000 }: RehearsalOptions = {}) {
    this.#random = new SeededRandom(`rehearsal ${seed}`);
    this.#limitMs = limitMs;
    const drawing = typeof network === 'string' ? NETWORKS[network] : network;
    this.network = new VirtualNetwork({
      clock: this.#clock,
      random: this.#random.split('network'),
      isReliable: drawing.isReliable,
      faultsFor: ({ number }) =>
        network === 'perfect'
          ? PERFECT_LINK
          : drawLinkFaults(this.#random.split(`link ${number}`), drawing),
    });
  }

  /** The virtual time, for a handler or an application that wants a clock. */
  get clock(): Clock {
    return this.#clock;
  }

  /** What became of all messages until now. */
  get report(): RehearsalReport {
    return this.#history.report();
  }

  /** A server on the host `server`. Options as of `listen` in the package server. */
  listen(options: Partial<ServerOptions> = {}): Promise<Server> {
    const host = this.host(SERVER);
    return listen({
      port: PORT,
      ...options,
      ...this.#given(host, options.log),
    }).then((server) => {
      this.#open.unshift(server);
      return server;
    });
  }

  /** A client on a host of its own, `client 1` and so on, that dials the server. */
  connect(options: ClientOptions = {}): Client {
    const host = this.host(`client ${++this.#clients}`);
    const client = connect({
      host: SERVER,
      port: PORT,
      ...options,
      ...this.#given(host, options.log),
    });
    this.#open.push(client);
    return client;
  }

  /** A machine of the network, to let it sleep or crash. */
  host(name: string): VirtualHost {
    return this.network.host(name);
  }

  /** Waits in virtual time. Milliseconds. */
  sleep(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.schedule(this.#clock.nowMs() + forMs, resolve);
    });
  }

  /**
   * Runs `body`, and lets time pass until it is done.
   *
   * Rejects as `body` does, or with an `Error` when it is not done within the limit.
   */
  async run<Result>(body: () => Result | Promise<Result>): Promise<Result> {
    let isDone = false;
    const result = Promise.resolve().then(body);
    const done = (): void => {
      isDone = true;
    };
    result.then(done, done);
    await this.#until(() => isDone, 'the body of run() is not done');
    return await result;
  }

  /** Lets so much time pass. Milliseconds. */
  async pass(forMs: number): Promise<void> {
    await this.#clock.run(this.#clock.nowMs() + forMs);
  }

  /**
   * Lets time pass until the receipt of every message has ended.
   *
   * Rejects with an `Error` that names those that have not, when the limit is over.
   */
  async settle(): Promise<void> {
    const isSettled = (): boolean => this.#history.unsettledCount === 0;
    await this.#until(isSettled, 'messages are not settled');
    // Those that wait for room in an outbox are in no log yet.
    await this.run(async () => {
      await Promise.allSettled(this.#senders().map((sender) => sender.drain()));
    });
  }

  /** From now on new connections are perfect. */
  heal(): void {
    this.network.heal();
  }

  /**
   * Settles, then checks that nothing was lost, repeated or out of order.
   *
   * Rejects with an `Error` that says which message was.
   */
  async verify(): Promise<RehearsalReport> {
    await this.settle();
    const { report } = this;
    for (const fault of ['lost', 'repeated', 'outOfOrder'] as const) {
      if (report[fault].length > 0) throw new Error(wrongWith(fault, report));
    }
    return report;
  }

  /** Closes what it opened, clients first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    for (const one of this.#open.splice(0).reverse()) {
      await this.run(() => one.close({ drainMs: 0 }));
    }
  }

  #senders(): SessionHandle[] {
    return this.#open.flatMap((one): readonly SessionHandle[] =>
      one instanceof Server ? one.sessions : [one],
    );
  }

  async #until(isDone: () => boolean, problem: string): Promise<void> {
    const isReached = await this.#clock.run(this.#clock.nowMs() + this.#limitMs, isDone);
    if (isReached) return;
    throw new Error(`${problem} after ${this.#limitMs} virtual ms: ${stateOf(this.report)}`);
  }

  #given(host: VirtualHost, log: LogHook | undefined) {
    const { name, clock } = host;
    return {
      clock,
      transport: host.transport(),
      random: this.#random.split(name),
      log: (entry: LogEntry): void => {
        this.#history.note(entry);
        log?.(entry);
      },
    };
  }
}

function wrongWith(fault: 'lost' | 'repeated' | 'outOfOrder', report: RehearsalReport): string {
  const [first] = report[fault];
  return `${report[fault].length} messages are ${fault}, first ${first?.type} ${first?.id} (${stateOf(report)})`;
}

function stateOf({ sent, handled, failed, unsettled }: RehearsalReport): string {
  const [first] = unsettled;
  const waiting = first === undefined ? '' : `, first ${first.type} ${first.id}`;
  return `${sent.length} sent, ${handled.length} handled, ${failed.length} failed, ${unsettled.length} unsettled${waiting}`;
}
