import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { BenchProcess } from './bench-process.ts';
import type { Broker } from './broker.ts';
import { freePort } from './free-port.ts';
import type { Launch } from './launch.ts';
import { MachineLoad } from './machine-load.ts';
import type { Start, Usage } from './orders.ts';
import { bytesOf, loadPeer, ORDER, type Peer } from './peer.ts';
import type { TrafficRow } from './rows.ts';

/** What one run of traffic gave. */
export interface TrafficFigures {
  /** Acknowledged messages in a second. */
  readonly rate: number;
  readonly messages: number;
  /** CPU time for each message, all processes together, and each one's part of it. Microseconds. */
  readonly cpuMicros: number;
  readonly senderMicros: number;
  readonly receiverMicros: number;
  readonly brokerMicros: number;
  /** Round trips, where one message is in flight at a time. Microseconds. */
  readonly p50Micros?: number | undefined;
  readonly p99Micros?: number | undefined;
  /** How much of the machine others took meanwhile. 0 to 1. */
  readonly foreignShare?: number | undefined;
}

/** What a trio is started with. */
export interface TrioOptions {
  /** The syncs of each process are written down, in {@link Trio.traceOf}. */
  readonly isTraced?: boolean;
}

/** How many messages make the code of a process as fast as it gets, and of large ones how many bytes. */
const WARM_MESSAGES = 150_000;
const WARM_BYTES = 1e9;
/** A step of the warming up, and how many there are at most. */
const WARM_STEP_MS = 500;
const WARM_STEPS = 20;
/** CPU time after which also the code of a slow peer has been compiled. Microseconds. */
const WARM_CPU_MICROS = 4e6;
/** How long a receiver behind a broker may take to see what was acknowledged. */
const CATCH_UP_MS = 20_000;
const POLL_MS = 20;
/** On the disk of the repository: the folder for temporary files may lie in memory. */
const RESULTS = new URL('results/', import.meta.url);

/** A sender, a receiver and, where the peer has one, a broker in between: each a process of its own. */
export class Trio {
  readonly #peer: Peer;
  readonly #row: TrafficRow;
  readonly #start: Start;
  readonly #options: TrioOptions;
  readonly #running: { stop(): Promise<void> }[] = [];
  #broker: Broker | undefined;
  #receiver: BenchProcess | undefined;
  #sender: BenchProcess | undefined;

  private constructor(peer: Peer, row: TrafficRow, start: Start, options: TrioOptions) {
    this.#peer = peer;
    this.#row = row;
    this.#start = start;
    this.#options = options;
  }

  static async start(name: string, row: TrafficRow, options: TrioOptions = {}): Promise<Trio> {
    const peer = await loadPeer(name);
    const trio = new Trio(peer, row, await startOf(peer, row), options);
    try {
      await trio.#startAll();
      return trio;
    } catch (error) {
      await trio.stop();
      throw error;
    }
  }

  /** File for the syncs of a process, by its role. */
  traceOf(role: string): string {
    return `${this.#start.folder}/syncs-${role}`;
  }

  get sender(): BenchProcess {
    return running(this.#sender);
  }

  get receiver(): BenchProcess {
    return running(this.#receiver);
  }

  /** Moves messages until the compiler has done its work, on a busy machine too. */
  async warmUp(): Promise<void> {
    const wanted = Math.min(WARM_MESSAGES, WARM_BYTES / (this.#row.size ?? 1));
    let moved = 0;
    let usedMicros = 0;
    for (let step = 0; step < WARM_STEPS; step += 1) {
      if (moved >= wanted || usedMicros >= WARM_CPU_MICROS) return;
      const { messages, cpuMicros } = await this.measure(WARM_STEP_MS);
      moved += messages;
      usedMicros += messages * cpuMicros;
    }
  }

  /** Keeps the row's messages in flight for a while. */
  async measure(durationMs: number): Promise<TrafficFigures> {
    const machine = new MachineLoad();
    const before = await this.receiver.ask('usage', {});
    const brokerBefore = (await this.#broker?.cpuMicros()) ?? 0;
    const sent = await this.sender.ask('run', { inFlight: this.#start.inFlight, durationMs });
    const after = await this.#caughtUp(before.handled + sent.acknowledged);
    const brokerCpuMicros = ((await this.#broker?.cpuMicros()) ?? 0) - brokerBefore;
    const receiverCpuMicros = after.cpuMicros - before.cpuMicros;
    const ownMicros = sent.cpuMicros + receiverCpuMicros + brokerCpuMicros;
    return {
      messages: sent.acknowledged,
      rate: (sent.acknowledged / sent.elapsedMs) * 1_000,
      cpuMicros: ownMicros / sent.acknowledged,
      senderMicros: sent.cpuMicros / sent.acknowledged,
      receiverMicros: receiverCpuMicros / sent.acknowledged,
      brokerMicros: brokerCpuMicros / sent.acknowledged,
      p50Micros: sent.p50Micros,
      p99Micros: sent.p99Micros,
      foreignShare: machine.foreignShare(ownMicros),
    };
  }

  async stop(): Promise<void> {
    await this.end();
    rmSync(this.#start.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends the processes and leaves what they wrote. */
  async end(): Promise<void> {
    // What uses another is stopped before it.
    for (const one of this.#running.splice(0).reverse()) await one.stop();
  }

  async #startAll(): Promise<void> {
    await this.#startBroker();
    this.#receiver = this.#startProcess('receiver');
    await this.#receiver.ask('receive', this.#start);
    this.#sender = this.#startProcess('sender');
    const { connections } = this.#row;
    await this.#sender.ask('connect', { ...this.#start, connections });
  }

  async #startBroker(): Promise<void> {
    const { size, ...rest } = this.#start;
    const body = size === undefined ? ORDER : bytesOf(size);
    if (this.#peer.startBroker !== undefined) {
      this.#broker = await this.#peer.startBroker({ ...rest, body }, this.#launchOf('broker'));
      this.#running.push(this.#broker);
    } else if (this.#peer.serveBroker !== undefined) {
      const process = new BenchProcess(this.#launchOf('broker'));
      this.#running.push(process);
      this.#broker = process;
      await process.ask('broke', this.#start);
    }
  }

  #startProcess(role: 'sender' | 'receiver'): BenchProcess {
    const process = new BenchProcess(this.#launchOf(role));
    this.#running.push(process);
    return process;
  }

  #launchOf(role: string): Launch {
    const syncsTo = this.#options.isTraced === true ? this.traceOf(role) : undefined;
    return { isPinned: this.#row.isPinned, syncsTo };
  }

  /** What the receiver used, once it has seen as many messages. */
  async #caughtUp(wanted: number): Promise<Usage> {
    const until = Date.now() + CATCH_UP_MS;
    for (;;) {
      const usage = await this.receiver.ask('usage', {});
      const isExact = this.#peer.acknowledgedBy === 'application';
      if (isExact ? usage.handled === wanted : usage.handled >= wanted) return usage;
      if (isExact || Date.now() > until) {
        throw new Error(`${usage.handled} messages were handled, ${wanted} acknowledged`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** What the processes of a run are told, and a folder for it. */
export async function startOf(
  { name, inFlightMax = Infinity }: Peer,
  row: Pick<TrafficRow, 'size' | 'inFlight' | 'isDurable' | 'isProtected'>,
): Promise<Start> {
  mkdirSync(RESULTS, { recursive: true });
  return {
    peer: name,
    port: await freePort(),
    folder: mkdtempSync(new URL('run-', RESULTS).pathname),
    size: row.size,
    inFlight: Math.min(row.inFlight, inFlightMax),
    isDurable: row.isDurable,
    isProtected: row.isProtected,
  };
}

function running(process: BenchProcess | undefined): BenchProcess {
  if (process === undefined) throw new TypeError('the process was not started');
  return process;
}

/** One run of a peer in a row of traffic, in fresh processes. */
export async function measureTraffic(
  peer: string,
  row: TrafficRow,
  measureMs: number,
): Promise<TrafficFigures> {
  const trio = await Trio.start(peer, row);
  try {
    await trio.warmUp();
    return await trio.measure(measureMs);
  } finally {
    await trio.stop();
  }
}
