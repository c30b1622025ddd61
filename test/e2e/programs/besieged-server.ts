/** A server with small limits, which tells several times a second what memory it keeps. */
import { WilcoError } from '@wilco/protocol';
import { listen, type ServerOptions } from '@wilco/server';
import { Blob, Count, Hold } from '../messages.ts';
import { task, tell } from './telling.ts';

const server = await listen({ host: '127.0.0.1', port: 0, ...(task() as Partial<ServerOptions>) });
server.handle(Count, (value) => value);
server.handle(Hold, () => new Promise<void>(() => {}));

const PUSHED = new Uint8Array(60_000);

// Whoever sends a blob gets as many as there is room for.
server.handle(Blob, (_, { session }) => {
  let count = 0;
  try {
    for (;;) {
      session.send(Blob, PUSHED).settled.catch(() => {});
      count += 1;
    }
  } catch (error) {
    if (!WilcoError.is(error, 'WILCO_OUTBOX_FULL')) throw error;
  }
  return count;
});
server.on('offline', ({ error }) => tell('offline', { code: error.code }));
setInterval(() => {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  tell('memory', { rss, heapUsed, external, sessions: server.sessions.length });
}, 400);
tell('listening', { port: server.address.port });
