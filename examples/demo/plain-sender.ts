/**
 * The other way: each order is a line, `socket.write()` says when it has succeeded. When the
 * connection ends, a new one is made, and what failed is written again, before anything new.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { childSettings, finish, reportProgress } from './child-report.ts';
import type { SenderSettings } from './demo-settings.ts';
import { readOrders, toLine } from './input.ts';
import { pace } from './pace.ts';

const RETRY_DELAY_MS = 100;
/** How long the last connection may take to say goodbye. */
const GOODBYE_MS = 2_000;

const { file, port, durationMs } = childSettings() as SenderSettings;
const counts = { written: 0, handled: 0 };
const failed: string[] = [];
let socket: Socket | undefined;
reportProgress(() => counts);

/** The connection, or a new one if it has ended. */
async function connection(): Promise<Socket> {
  while (socket === undefined || socket.destroyed || !socket.writable) {
    const fresh = connect({ host: '127.0.0.1', port, noDelay: true });
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
  current.write(line, (error) => {
    if (error) failed.push(line);
    else counts.handled += 1;
  });
}

async function writeFailedAgain(): Promise<void> {
  for (let line = failed.shift(); line !== undefined; line = failed.shift()) await write(line);
}

await pace(readOrders(file), durationMs, async (order) => {
  await writeFailedAgain();
  await write(`${toLine(order)}\n`);
  counts.written += 1;
});
while (counts.handled < counts.written) {
  await writeFailedAgain();
  await delay(RETRY_DELAY_MS);
}
const last = await connection();
last.end();
await Promise.race([once(last, 'close'), delay(GOODBYE_MS, undefined, { ref: false })]).catch(
  () => {},
);
last.destroy();
finish(counts);
