/** The other way: reads lines from any connection that comes, and writes them to a file. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { childSettings, report, reportProgress, reportWhenStopped } from './child-report.ts';
import type { ReceiverSettings } from './demo-settings.ts';

const { file } = childSettings() as ReceiverSettings;
const output = openSync(file, 'w');
const sockets = new Set<Socket>();
let lines = 0;

const server = createServer((socket) => {
  let unfinished = '';
  sockets.add(socket);
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const parts = (unfinished + text).split('\n');
    unfinished = parts.pop() ?? '';
    for (const line of parts) writeSync(output, `${line}\n`);
    lines += parts.length;
  });
  // A reset. `close` follows; what came of the last line is of no use.
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
});

reportProgress(() => ({ lines }));
reportWhenStopped(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  closeSync(output);
  return { lines };
});
server.listen(0, '127.0.0.1', () => {
  report({ type: 'ready', port: (server.address() as AddressInfo).port });
});
