/**
 * A client and a server in one process, whose connection the server's side cuts as soon as
 * it is open, again and again. Tells what the process holds, early and at the end.
 */
import { connect } from '@wilco/client';
import { tcpTransport, type Connection, type Transport } from '@wilco/endpoint';
import { listen } from '@wilco/server';
import { Count } from '../messages.ts';
import { task, tell } from './telling.ts';

const { warmUp, rounds } = task() as { warmUp: number; rounds: number };
const tcp = tcpTransport();
let accepted: Connection | undefined;
const transport: Transport = {
  connect: (address) => tcp.connect(address),
  listen: (address, accept) =>
    tcp.listen(address, (connection) => {
      accepted = connection;
      accept(connection);
    }),
};

const server = await listen({ host: '127.0.0.1', port: 0, transport });
const client = connect({
  host: '127.0.0.1',
  port: server.address.port,
  // Each loss is followed by a try at once.
  reconnect: { minMs: 1, maxMs: 1, stableAfterMs: 0 },
});
const seen: number[] = [];
server.handle(Count, (value) => seen.push(value));
let sent = 0;
let handled = 0;
let resumed = 0;
client.on('online', () => {
  void client.send(Count, ++sent).handled.then(() => (handled += 1));
});
client.on('resumed', () => (resumed += 1));

async function expectSession(): Promise<void> {
  if (server.sessions.length > 0) return;
  await new Promise<void>((resolve) => server.once('session', () => resolve()));
}

async function reconnect(times: number): Promise<void> {
  for (let round = 0; round < times; round++) {
    const resuming = new Promise<void>((resolve) => client.once('resumed', () => resolve()));
    accepted?.destroy();
    await resuming;
  }
  await client.drain();
}

async function holds(): Promise<Record<string, number>> {
  // What is let go of is closed in a later turn.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
  for (let again = 0; again < 4; again++) globalThis.gc?.();
  const resources = process.getActiveResourcesInfo();
  const count = (name: string): number => resources.filter((one) => one === name).length;
  return {
    sockets: count('TCPSocketWrap'),
    listening: count('TCPServerWrap'),
    timers: count('Timeout'),
    listeners: process
      .eventNames()
      .reduce((sum, name) => sum + process.listenerCount(name as string), 0),
    heapBytes: process.memoryUsage().heapUsed,
    externalBytes: process.memoryUsage().external,
  };
}

// A session that the server does not have yet would die with its connection.
await expectSession();
await reconnect(warmUp);
const before = await holds();
const beganMs = performance.now();
await reconnect(rounds);
const ms = performance.now() - beganMs;
const after = await holds();
tell('done', {
  ...{ before, after, ms, resumed, sent, handled },
  isOnceInOrder: seen.every((value, index) => value === index + 1) && seen.length === sent,
  sessions: server.sessions.length,
});
await client.close();
await server.close();
