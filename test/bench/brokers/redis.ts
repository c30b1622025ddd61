import { writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { BrokerProgram } from '../broker.ts';
import { findProgram } from '../launch.ts';
import { asBuffer, type Peer } from '../peer.ts';

const STREAM = 'work';
const GROUP = 'receivers';
const READ_AT_ONCE = 1_000;
const BLOCK_MS = 1_000;
/** What a stream keeps: so many messages, and fewer where they are large. */
const KEPT_MESSAGES = 200_000;
const KEPT_BYTES = 5e8;
const NEEDS = { program: 'redis-server', debianPackage: 'redis-server' };

/** Streams of Redis: XADD, and a consumer group that acknowledges in batches. */
export function redisPeer(appendOnly: 'no' | 'yes'): Omit<Peer, 'name' | 'meaning'> {
  return {
    kind: 'product',
    acknowledgedBy: 'broker',
    carries: 'bytes',
    needs: NEEDS,

    startBroker({ port, folder }, launch) {
      const file = `${folder}/redis.conf`;
      writeFileSync(file, configurationOf(port, folder, appendOnly));
      const command = findProgram(NEEDS.program) ?? NEEDS.program;
      return BrokerProgram.start({ command, args: [file], port, ...launch });
    },

    async startReceiver({ port }) {
      const redis = await open(port);
      await redis.xgroup('CREATE', STREAM, GROUP, '$', 'MKSTREAM');
      let count = 0;
      void (async () => {
        for (;;) count += await readBatch(redis);
      })();
      return { handled: () => count };
    },

    async startSender({ port, body }, acknowledged) {
      const redis = await open(port, true);
      const bytes = asBuffer(body);
      const kept = Math.min(KEPT_MESSAGES, Math.ceil(KEPT_BYTES / bytes.length));
      const one = (): void => acknowledged(1);
      return {
        send: () => void redis.xadd(STREAM, 'MAXLEN', '~', kept, '*', 'body', bytes).then(one),
      };
    },

    openIdle: ({ port }) => open(port),
  };
}

async function open(port: number, enableAutoPipelining = false): Promise<Redis> {
  const redis = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: () => undefined,
    enableAutoPipelining,
  });
  await redis.connect();
  return redis;
}

async function readBatch(redis: Redis): Promise<number> {
  const read = await redis.xreadgroupBuffer(
    'GROUP',
    GROUP,
    'receiver',
    'COUNT',
    READ_AT_ONCE,
    'BLOCK',
    BLOCK_MS,
    'STREAMS',
    STREAM,
    '>',
  );
  const streams = (read ?? []) as [stream: Buffer, messages: [id: Buffer, fields: Buffer[]][]][];
  const ids = streams.flatMap(([, messages]) => messages.map(([id]) => id));
  if (ids.length > 0) await redis.xack(STREAM, GROUP, ...ids);
  return ids.length;
}

function configurationOf(port: number, folder: string, appendOnly: 'no' | 'yes'): string {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    'save ""',
    `appendonly ${appendOnly}`,
    'appendfsync always',
    'auto-aof-rewrite-percentage 0',
    `dir ${folder}`,
    'maxclients 10000',
    'tcp-backlog 4096',
    '',
  ].join('\n');
}
