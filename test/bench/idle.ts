import { BenchProcess, type BenchProcessOptions } from './bench-process.ts';
import type { Broker } from './broker.ts';
import { rmSync } from 'node:fs';
import { bytesOf, loadPeer, type Peer } from './peer.ts';
import type { Start } from './orders.ts';
import type { HeartbeatsRow, IdleRow } from './rows.ts';
import { startOf } from './trio.ts';

/** Connections that are open before memory is weighed for the first time. */
const FIRST_CONNECTIONS = 200;
/** What is let settle before memory is weighed. Milliseconds. */
const SETTLE_MS = 2_000;
/** Two and a half of the default heartbeats. Milliseconds. */
const WATCH_MS = 25_000;

/** The server of a peer, or its broker, and a process whose connections to it are idle. */
class IdlePair {
  readonly #start: Start;
  readonly server: Broker;
  readonly #clients: BenchProcess;

  private constructor(start: Start, server: Broker, clients: BenchProcess) {
    this.#start = start;
    this.server = server;
    this.#clients = clients;
  }

  static async open(name: string): Promise<IdlePair> {
    const peer = await loadPeer(name);
    const row = { size: 0, inFlight: 1, isDurable: false, isProtected: false };
    const start = await startOf(peer, row);
    const options: BenchProcessOptions = { isPinned: false, isWeighed: true };
    return new IdlePair(start, await serverOf(peer, start, options), new BenchProcess(options));
  }

  async openConnections(connections: number): Promise<void> {
    await this.#clients.ask('openIdle', { ...this.#start, connections });
    await settle(SETTLE_MS);
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.#clients.stop()]);
    rmSync(this.#start.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What each of many idle connections adds to the memory of the server's process. Bytes. */
export async function measureIdle(peer: string, { connections }: IdleRow): Promise<number> {
  const pair = await IdlePair.open(peer);
  try {
    await pair.openConnections(FIRST_CONNECTIONS);
    const first = await pair.server.memoryBytes();
    await pair.openConnections(connections);
    const then = await pair.server.memoryBytes();
    return (then - first) / connections;
  } finally {
    await pair.stop();
  }
}

/** The share of a core that the server's process uses while its connections are idle. */
export async function measureHeartbeats(peer: string, row: HeartbeatsRow): Promise<number> {
  const pair = await IdlePair.open(peer);
  try {
    await pair.openConnections(row.connections);
    const before = await pair.server.cpuMicros();
    const startedMs = performance.now();
    await settle(WATCH_MS);
    const used = (await pair.server.cpuMicros()) - before;
    return used / ((performance.now() - startedMs) * 1_000);
  } finally {
    await pair.stop();
  }
}

async function serverOf(peer: Peer, start: Start, options: BenchProcessOptions): Promise<Broker> {
  if (peer.startBroker !== undefined) {
    return peer.startBroker({ ...start, body: bytesOf(0) }, options);
  }
  const server = new BenchProcess(options);
  await server.ask(peer.serveBroker === undefined ? 'receive' : 'broke', start);
  return server;
}

function settle(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
