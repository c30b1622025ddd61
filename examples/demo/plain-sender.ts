/**
 * The other way: each line that it reads goes out by `socket.write()`, which says when it has
 * succeeded. When the connection ends, a new one is made, and what failed is written again, before
 * anything new.
 */
import { once } from 'node:events';
import { openSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_DELAY_MS = 100;
/** How long the last connection may take to say goodbye. */
const GOODBYE_MS = 2_000;

const [port = '', file = ''] = process.argv.slice(2);
const receipts = openSync(file, 'w');
const failed: string[] = [];
let written = 0;
let succeeded = 0;
let socket: Socket | undefined;

/** The connection, or a new one if it has ended. */
async function connection(): Promise<Socket> {
  while (socket === undefined || socket.destroyed || !socket.writable) {
    const fresh = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
    // The write that failed says so itself.
    fresh.on('error', () => {});
    await Promise.race([once(fresh, 'connect'), once(fresh, 'close')]).catch(() => {});
    if (!fresh.destroyed) socket = fresh;
    else await delay(RETRY_DELAY_MS);
  }
  return socket;
}

async function write(line: string): Promise<void> {
  const current = await connection();
  current.write(`${line}\n`, (error) => {
    if (error) {
      failed.push(line);
      return;
    }
    succeeded += 1;
    writeSync(receipts, '{"outcome":"succeeded"}\n');
  });
}

async function writeFailedAgain(): Promise<void> {
  for (let line = failed.shift(); line !== undefined; line = failed.shift()) await write(line);
}

await connection();
console.error(JSON.stringify({ event: 'online' }));
for await (const line of createInterface({ input: process.stdin })) {
  await writeFailedAgain();
  await write(line);
  written += 1;
}
while (succeeded < written) {
  await writeFailedAgain();
  await delay(RETRY_DELAY_MS);
}
const last = await connection();
last.end();
await Promise.race([once(last, 'close'), delay(GOODBYE_MS, undefined, { ref: false })]).catch(
  () => {},
);
last.destroy();
