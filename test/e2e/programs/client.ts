/** A client in a process of its own. */
import { connect, type ClientOptions } from '@wilco/client';
import { keepBusy } from '../busy.ts';
import { Count } from '../messages.ts';
import { onOrder, task, tell } from './telling.ts';

const client = connect({
  host: '127.0.0.1',
  reconnect: { minMs: 5, maxMs: 50 },
  ...(task() as ClientOptions),
});

client.handle(Count, (value, { isResent }) => {
  tell('handled', { value, isResent });
  return value;
});
client.on('online', ({ session, isResumed }) => tell('online', { session, isResumed }));
client.on('offline', ({ error }) => tell('offline', { code: error.code }));
client.on('stateLost', ({ reason, resent, inDoubt, moved }) =>
  tell('stateLost', { reason, resent, inDoubt, moved }),
);
client.on('closed', ({ error }) => tell('closed', { code: error?.code }));

function send(value: number): void {
  void client.send(Count, value).settled.then(({ status }) => tell('settled', { value, status }));
}

async function close(): Promise<void> {
  await client.close();
  tell('over');
}

process.on('SIGTERM', () => void close());
onOrder((order) => {
  if (order.order === 'block') keepBusy(order.ms);
  if (order.order === 'send') order.values.forEach(send);
  if (order.order === 'close') void close();
});
tell('started');
