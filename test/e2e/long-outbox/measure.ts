/** An outbox that is queued offline by one process and drained by the next, and what that costs. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineMessage, listen, rawBytes } from '@wilco/server';
import { build } from 'tsup';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const Event = defineMessage<Uint8Array>('event', { codec: rawBytes });

/** What one outbox cost. */
export interface OutboxFigures {
  readonly count: number;
  readonly queueMs: number;
  readonly queueRssMib: number;
  readonly queueCpuUs: number;
  readonly reopenMs: number;
  readonly drainMs: number;
  readonly drainRssMib: number;
  readonly drainCpuUs: number;
  readonly drainPerSecond: number;
  /** Messages that were handled out of their place: more than once, too late, or never. */
  readonly wrong: number;
}

/** Queues so many messages without a server, starts again, and has them handled. */
export async function measureOutbox(count: number, bytes: number): Promise<OutboxFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'wilco-outbox-'));
  const program = await mkdtemp(join(ROOT, 'packages/store/node_modules/.outbox-'));
  let next = 0;
  let wrong = 0;
  const server = await listen({ port: 0 });
  server.handle(Event, (body) => {
    const value = new DataView(body.buffer, body.byteOffset).getUint32(0);
    if (value !== next) wrong += 1;
    next = value + 1;
  });
  try {
    await bundle(program);
    const task = { folder, count, bytes };
    // Nobody listens there.
    const queued = await run(program, { ...task, mode: 'queue', port: 1 });
    const drained = await run(program, { ...task, mode: 'drain', port: server.address.port });
    return {
      count,
      queueMs: queued.ms,
      queueRssMib: queued.rssMib,
      queueCpuUs: (queued.cpuMs * 1_000) / count,
      reopenMs: drained.reopenMs,
      drainMs: drained.drainMs,
      drainRssMib: drained.rssMib,
      drainCpuUs: (drained.cpuMs * 1_000) / count,
      drainPerSecond: (count * 1_000) / drained.drainMs,
      wrong: wrong + Math.abs(count - next) + Math.abs(count - drained.found),
    };
  } finally {
    await server.close({ drainMs: 0 });
    await rm(folder, { recursive: true, force: true });
    await rm(program, { recursive: true, force: true });
  }
}

interface SenderFigures {
  readonly ms: number;
  readonly rssMib: number;
  readonly cpuMs: number;
  readonly reopenMs: number;
  readonly found: number;
  readonly drainMs: number;
}

/** The sender in one file: what loads TypeScript would take 50 MiB of its memory. */
async function bundle(folder: string): Promise<void> {
  await build({
    config: false,
    entry: { sender: fileURLToPath(new URL('sender.ts', import.meta.url)) },
    format: 'esm',
    target: 'node20',
    outDir: folder,
    outExtension: () => ({ js: '.mjs' }),
    // Native code is found from there, beside the package that needs it.
    external: ['classic-level'],
    noExternal: [/^(?!classic-level$)/],
    silent: true,
    esbuildOptions: (options) => {
      options.conditions = ['source'];
    },
  });
}

function run(program: string, task: unknown): Promise<SenderFigures> {
  return new Promise((resolve, reject) => {
    const args = [join(program, 'sender.mjs'), JSON.stringify(task)];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as SenderFigures);
      else reject(new Error(`the sender ended with ${code}: ${out}${errors}`));
    });
  });
}
