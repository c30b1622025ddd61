/** A server in a process of its own. */
import { listen, type ServerOptions } from '@wilco/server';
import { keepBusy } from '../busy.ts';
import { Blob, Busy, Count, Hold, Slow } from '../messages.ts';
import { onOrder, task, tell } from './telling.ts';

const server = await listen({ host: '127.0.0.1', port: 0, ...(task() as Partial<ServerOptions>) });

server.handle(Count, (value, { isResent }) => {
  tell('handled', { value, isResent });
  return value;
});
server.handle(Slow, async ({ n, ms }) => {
  tell('started', { value: n });
  await new Promise((resolve) => setTimeout(resolve, ms));
  tell('handled', { value: n });
  return n;
});
server.handle(Busy, ({ n, ms }) => {
  keepBusy(ms);
  tell('handled', { value: n });
  return n;
});
server.handle(Hold, (value, { signal }) => {
  tell('started', { value });
  return new Promise<void>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });
});
server.handle(Blob, ({ byteLength }) => byteLength);
server.on('session', ({ id }) => tell('session', { id }));
server.on('resumed', ({ id }) => tell('resumed', { id }));
server.on('offline', ({ error }) => tell('offline', { code: error.code }));
server.on('closed', ({ error }) => tell('closed', { code: error.code }));
server.on('stateLost', ({ reason }) => tell('stateLost', { reason }));

async function close(): Promise<void> {
  await server.close();
  tell('over');
}

process.on('SIGTERM', () => void close());
onOrder((order) => {
  if (order.order === 'block') keepBusy(order.ms);
  if (order.order === 'report') {
    const { maxRSS } = process.resourceUsage();
    tell('report', { maxRssKiB: maxRSS, sessions: server.sessions.length });
  }
  if (order.order === 'close') void close();
});
tell('listening', { port: server.address.port });
