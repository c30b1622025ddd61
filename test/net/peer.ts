/** One side of a conversation, as a program: sends parcels, handles those of the other side. */
import { connect } from '@wilco/client';
import { listen } from '@wilco/server';
import type { Receipt, SendOptions } from '@wilco/client';
import { isIntact, parcel, Parcel, replyTo } from './parcel.ts';
import {
  sharedMs,
  type HandledParcel,
  type PeerOrder,
  type PeerSettings,
  type PeerTelling,
  type SentParcel,
} from './peer-words.ts';

type Send = (type: typeof Parcel, body: Parcel, options?: SendOptions) => Receipt;

const LAG_EVERY_MS = 20;
const TELL_EVERY_MS = 25;

const settings = JSON.parse(process.argv[2] ?? '{}') as PeerSettings;
const options = {
  insecure: true,
  waitMs: settings.waitMs,
  connectTimeoutMs: 1_000,
  welcomeTimeoutMs: 2_000,
} as const;
const handled: HandledParcel[] = [];
const sent: SentParcel[] = [];
let sending: NodeJS.Timeout | undefined;
let taken = 0;
let lagMs = 0;

watchLag();
const send = settings.role === 'server' ? await serve() : await dial();
process.on('message', (order: PeerOrder) => obey(order));
// Whoever started this program is gone: nobody would end it.
process.on('disconnect', () => process.exit(1));
setInterval(
  () => tell({ told: 'progress', handled: handled.length, settled: sent.length }),
  TELL_EVERY_MS,
);
tell({ told: 'ready' });

async function serve(): Promise<Send> {
  const server = await listen({
    ...options,
    host: settings.host,
    port: settings.port,
    authenticate: ({ remote }) => {
      tell({ told: 'remote', remote });
      return { identity: 'client' };
    },
  });
  server.handle(Parcel, handle);
  server.on('session', () => wentOnline());
  server.on('resumed', () => wentOnline());
  server.on('offline', ({ error }) => wentOffline(error.code));
  server.on('stateLost', () => tell({ told: 'stateLost' }));
  return (type, body, how) => {
    const [session] = server.sessions;
    if (session === undefined) throw new Error('nobody is there to send to');
    return session.send(type, body, how);
  };
}

async function dial(): Promise<Send> {
  const reconnect = { minMs: 50, maxMs: 300 };
  const { host, port } = settings;
  const client = connect({ ...options, host, port, reconnect });
  client.handle(Parcel, handle);
  client.on('online', () => wentOnline());
  client.on('offline', ({ error }) => wentOffline(error.code));
  client.on('stateLost', () => tell({ told: 'stateLost' }));
  return (type, body, how) => client.send(type, body, how);
}

function handle(body: Parcel): number | undefined {
  handled.push({ number: body.number, isIntact: isIntact(body), atMs: sharedMs() });
  return replyTo(body.number);
}

function obey(order: PeerOrder): void {
  switch (order.order) {
    case 'send':
      clearInterval(sending);
      sending = setInterval(() => sendNext(order), order.everyMs);
      return;
    case 'finish':
      clearInterval(sending);
      void finish();
      return;
    case 'show':
      tell({ told: 'diary', diary: { handled, sent } });
  }
}

function sendNext({ bytes, count }: PeerOrder & { order: 'send' }): void {
  taken += 1;
  const number = taken;
  if (taken === count) clearInterval(sending);
  const receipt = send(Parcel, parcel(number, bytes)) as Receipt<number | undefined>;
  void receipt.settled.then((outcome) => sent.push({ number, outcome, atMs: sharedMs() }));
}

async function finish(): Promise<void> {
  while (sent.length < taken) await new Promise((resolve) => setTimeout(resolve, TELL_EVERY_MS));
  tell({ told: 'finished' });
}

function wentOnline(): void {
  lagMs = 0;
  tell({ told: 'online' });
}

function wentOffline(code: string): void {
  tell({ told: 'offline', atMs: sharedMs(), code, lagMs });
}

/** A process that is kept from running can not keep a bound. */
function watchLag(): void {
  let dueMs = sharedMs() + LAG_EVERY_MS;
  setInterval(() => {
    const nowMs = sharedMs();
    lagMs = Math.max(lagMs, nowMs - dueMs);
    dueMs = nowMs + LAG_EVERY_MS;
  }, LAG_EVERY_MS);
}

function tell(telling: PeerTelling): void {
  if (process.connected) process.send?.(telling);
}
