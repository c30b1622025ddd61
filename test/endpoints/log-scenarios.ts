import { defineMessage, Rejection, RetryLater, type LogEntry } from '@wilco/client';
import { listen } from '@wilco/server';
import { PERFECT_LINK } from '@wilco/testkit';
import { start as startClient } from '../../packages/client/test/scripted-server.ts';
import { resume, start as startServer } from '../../packages/server/test/scripted-clients.ts';
import { hello, welcome } from '../../packages/endpoint/test/scripted-peer.ts';
import { PORT, virtualPair } from './virtual-pair.ts';

const Work = defineMessage<string, string>('work');
const Bulk = defineMessage<Uint8Array>('bulk');

/** Runs through all that a log can tell of; returns what was told. */
export async function everythingLogged(): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const log = (entry: LogEntry): void => void entries.push(entry);
  await conversation(log);
  await refusal(log);
  await lostState(log);
  await strangers(log);
  await credentials(log);
  return entries;
}

type Log = (entry: LogEntry) => void;

/** All kinds of messages, a lost connection, a dead one, and a server that goes. */
async function conversation(log: Log): Promise<void> {
  const pair = await virtualPair({ client: { log }, server: { log, maxAttempts: 2 } });
  pair.server.handle(Bulk, () => undefined);
  pair.server.handle(Work, (what, { signal }) => {
    if (what === 'reject') throw new Rejection('NO', 'no');
    if (what === 'throw') throw new Error('oops');
    if (what === 'later') throw new RetryLater(10);
    if (what !== 'wait') return 'done';
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'));
    });
  });
  for (const what of ['work', 'reject', 'throw', 'later']) pair.client.send(Work, what);
  pair.client.send(Bulk, new Uint8Array(200_000), { channel: 'bulk' });
  await pair.run(1_000);
  const waiting = pair.client.send(Work, 'wait');
  // Long enough for a probe.
  await pair.run(12_000);
  waiting.cancel();
  await pair.run(1_000);
  pair.link().cut();
  await pair.run(1_000);
  pair.link().blackHole('both');
  await pair.run(60_000);
  const closed = pair.server.close({ drainMs: 100 });
  await pair.run(10_000);
  await closed;
  await pair.stop();
}

async function refusal(log: Log): Promise<void> {
  const pair = await virtualPair({
    client: { log },
    server: { authenticate: () => undefined, log },
    faultsFor: ({ number }) => (number === 1 ? { dial: 'refused' } : PERFECT_LINK),
  });
  await pair.run(10_000);
  await pair.stop();
}

/** The server's process dies, and with it the session. */
async function lostState(log: Log): Promise<void> {
  const pair = await virtualPair({ client: { log }, server: { log } });
  pair.client.send(Work, 'work');
  await pair.run(1_000);
  const host = pair.network.host('server');
  host.crash('killed');
  const next = await listen({ port: PORT, transport: host.transport(), clock: host.clock, log });
  await pair.run(10_000);
  const ended = Promise.all([pair.client.end(), next.close({ drainMs: 0 })]);
  await pair.run(10_000);
  await ended;
}

/** Another client takes over; somebody comes with an old token. */
async function strangers(log: Log): Promise<void> {
  const { peer } = await startClient({ log });
  await peer.answers(welcome());
  await peer.answers({ kind: 'notice', notice: 'takenOver', afterMs: undefined });
  const { opens, resumes, dial, clock, stop } = await startServer({ log });
  const { told } = await opens();
  await resumes(told);
  dial().say(resume(told, 9));
  await clock.settle();
  await stop();
}

/** Nobody can say who a client is; fresh credentials can not be had. */
async function credentials(log: Log): Promise<void> {
  const failing = (): never => {
    throw new Error('down');
  };
  const { dial, clock, stop } = await startServer({ log, authenticate: failing });
  dial().say(hello());
  await clock.settle();
  await stop();
  let asked = 0;
  const client = await startClient({ log, credentials: () => (asked++ === 0 ? 'key' : failing()) });
  await client.peer.answers(welcome({ validForMs: 1_000 }));
  await client.clock.advance(900);
  await client.stop();
}
