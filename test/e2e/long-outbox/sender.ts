/**
 * One process with a durable client. `queue`: sends so many messages without a server, and goes.
 * `drain`: finds them again and has them all handled. Prints what it measured as one line of JSON.
 */
import { connect, defineMessage, rawBytes, type Client } from '@wilco/client';
import { levelStore } from '@wilco/store/level';

export const Event = defineMessage<Uint8Array>('event', { codec: rawBytes });

interface Task {
  readonly mode: 'queue' | 'drain';
  readonly folder: string;
  readonly port: number;
  readonly count: number;
  readonly bytes: number;
}

const BATCH = 1_000;
const MIB = 1024 * 1024;
let rssMax = 0;

function lookAtMemory(): void {
  rssMax = Math.max(rssMax, process.memoryUsage().rss);
}

/** A body with its number in it. */
function body(value: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  new DataView(payload.buffer).setUint32(0, value);
  return payload;
}

async function queue(client: Client, { count, bytes }: Task): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const to = Math.min(count, from + BATCH);
    for (let value = from; value < to - 1; value++) client.send(Event, body(value, bytes));
    await client.send(Event, body(to - 1, bytes)).queued;
    lookAtMemory();
  }
}

async function main(task: Task): Promise<void> {
  const beganMs = performance.now();
  const timer = setInterval(lookAtMemory, 20);
  const store = levelStore(task.folder);
  const client = connect({ port: task.port, store, reconnect: { minMs: 60_000 } });
  const facts: Record<string, number> = {};
  if (task.mode === 'queue') await queue(client, task);
  else {
    await client.opened;
    facts['reopenMs'] = performance.now() - beganMs;
    facts['found'] = client.stats()?.unsettled ?? 0;
    const drainedMs = performance.now();
    await client.drain();
    facts['drainMs'] = performance.now() - drainedMs;
  }
  facts['ms'] = performance.now() - beganMs;
  await client.close({ drainMs: 0 });
  clearInterval(timer);
  lookAtMemory();
  const rssMib = Math.round(rssMax / MIB);
  const cpu = process.cpuUsage();
  console.log(JSON.stringify({ ...facts, rssMib, cpuMs: (cpu.user + cpu.system) / 1_000 }));
}

await main(JSON.parse(process.argv[2] ?? '{}') as Task);
