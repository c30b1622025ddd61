import { createServer } from 'node:net';
import { BenchProcess, type BenchProcessOptions } from './bench-process.ts';
import type { Start, Usage } from './orders.ts';
import type { IdleRow, TrafficRow } from './rows.ts';

/** What one run of traffic gave. */
export interface TrafficFigures {
  /** Acknowledged messages in a second. */
  readonly rate: number;
  readonly messages: number;
  /** CPU time for each message, all processes together, and each half's part of it. Microseconds. */
  readonly cpuMicros: number;
  readonly senderMicros: number;
  readonly receiverMicros: number;
  /** Round trips, where one message is in flight at a time. Microseconds. */
  readonly p50Micros?: number | undefined;
  readonly p99Micros?: number | undefined;
}

/** How many messages make the code of a process as fast as it gets, and of large ones how many bytes. */
const WARM_MESSAGES = 150_000;
const WARM_BYTES = 1e9;
/** A step of the warming up, and how many there are at most. */
const WARM_STEP_MS = 500;
const WARM_STEPS = 20;

/** Connections that are open before memory is weighed for the first time. */
const FIRST_CONNECTIONS = 200;
/** What is let settle before memory is weighed. Milliseconds. */
const SETTLE_MS = 2_000;

/** A sender and a receiver of one peer, connected, each in a process of its own. */
export class Pair {
  readonly #sender: BenchProcess;
  readonly #receiver: BenchProcess;
  readonly #row: TrafficRow;

  private constructor(sender: BenchProcess, receiver: BenchProcess, row: TrafficRow) {
    this.#sender = sender;
    this.#receiver = receiver;
    this.#row = row;
  }

  static async start(peer: string, row: TrafficRow, profileTo?: string): Promise<Pair> {
    const options: BenchProcessOptions = { isPinned: row.isPinned, profileTo };
    const pair = new Pair(new BenchProcess(options), new BenchProcess(options), row);
    const start: Start = { peer, port: await freePort(), size: row.size };
    try {
      await pair.#receiver.ask('receive', start);
      await pair.#sender.ask('connect', start);
    } catch (error) {
      await pair.stop();
      throw error;
    }
    return pair;
  }

  /** Moves messages until the compiler has done its work, on a busy machine too. */
  async warmUp(): Promise<void> {
    const wanted = Math.min(WARM_MESSAGES, WARM_BYTES / (this.#row.size ?? 1));
    let moved = 0;
    for (let step = 0; step < WARM_STEPS && moved < wanted; step += 1) {
      moved += (await this.measure(WARM_STEP_MS)).messages;
    }
  }

  /** Keeps the row's messages in flight for a while. */
  async measure(durationMs: number): Promise<TrafficFigures> {
    const before = await this.#receiver.ask('usage', {});
    const { inFlight } = this.#row;
    const sent = await this.#sender.ask('run', { inFlight, durationMs });
    const after = await this.#receiver.ask('usage', {});
    if (after.handled - before.handled !== sent.acknowledged) {
      const handled = after.handled - before.handled;
      throw new Error(`${handled} messages were handled, ${sent.acknowledged} acknowledged`);
    }
    const senderMicros = sent.cpuMicros / sent.acknowledged;
    const receiverMicros = (after.cpuMicros - before.cpuMicros) / sent.acknowledged;
    return {
      messages: sent.acknowledged,
      rate: (sent.acknowledged / sent.elapsedMs) * 1_000,
      cpuMicros: senderMicros + receiverMicros,
      senderMicros,
      receiverMicros,
      p50Micros: sent.p50Micros,
      p99Micros: sent.p99Micros,
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#sender.stop(), this.#receiver.stop()]);
  }
}

/** One run of a peer in a row of traffic, in fresh processes. */
export async function measureTraffic(
  peer: string,
  row: TrafficRow,
  measureMs: number,
  profileTo?: string,
): Promise<TrafficFigures> {
  const pair = await Pair.start(peer, row, profileTo);
  try {
    await pair.warmUp();
    return await pair.measure(measureMs);
  } finally {
    await pair.stop();
  }
}

/** What each of many idle connections adds to the memory of the server's process. Bytes. */
export async function measureIdle(peer: string, { connections }: IdleRow): Promise<number> {
  const options: BenchProcessOptions = { isPinned: false, isWeighed: true };
  const [server, clients] = [new BenchProcess(options), new BenchProcess(options)];
  try {
    const start: Start = { peer, port: await freePort(), size: 0 };
    await server.ask('receive', start);
    const first = await openAndWeigh(server, clients, start, FIRST_CONNECTIONS);
    const then = await openAndWeigh(server, clients, start, connections);
    return (then.memoryBytes - first.memoryBytes) / connections;
  } finally {
    await Promise.all([server.stop(), clients.stop()]);
  }
}

async function openAndWeigh(
  server: BenchProcess,
  clients: BenchProcess,
  start: Start,
  connections: number,
): Promise<Usage> {
  await clients.ask('openIdle', { ...start, connections });
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return server.ask('usage', {});
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new TypeError('no port is free');
  return address.port;
}
