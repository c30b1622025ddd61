/** The other way: reads lines from any connection that comes, and writes them to a file. */
import { openSync, writeSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

const [file = ''] = process.argv.slice(2);
const output = openSync(file, 'w');

const server = createServer((socket) => {
  let unfinished = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const parts = (unfinished + text).split('\n');
    unfinished = parts.pop() ?? '';
    for (const line of parts) writeSync(output, `${line}\n`);
  });
  // A reset. `close` follows; what came of the last line is of no use.
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.error(JSON.stringify({ event: 'listening', port }));
});
