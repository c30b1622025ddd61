import { writeFileSync } from 'node:fs';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { BrokerProgram } from '../broker.ts';
import { findProgram } from '../launch.ts';
import { asBuffer, type Peer } from '../peer.ts';

const STREAM = 'work';
const SUBJECT = 'work';
const CONSUMER = 'receiver';
/** Older messages make room. */
const STREAM_BYTES = 2 ** 30;
const ACKS_PENDING = 20_000;
const PULLED = 2_000;
const TIMEOUT_MS = 30_000;
const NEEDS = { program: 'nats-server', debianPackage: 'nats-server' };

/** JetStream of NATS, with its stream in files or in memory. */
export function natsPeer(storage: 'file' | 'memory'): Omit<Peer, 'name' | 'meaning'> {
  return {
    kind: 'product',
    acknowledgedBy: 'broker',
    carries: 'bytes',
    needs: NEEDS,

    startBroker({ port, folder }, launch) {
      const file = `${folder}/nats.conf`;
      writeFileSync(file, configurationOf(port, folder));
      const command = findProgram(NEEDS.program) ?? NEEDS.program;
      return BrokerProgram.start({ command, args: ['-c', file], port, ...launch });
    },

    async startReceiver({ port }) {
      const connection = await open(port);
      const manager = await jetstreamManager(connection, { timeout: TIMEOUT_MS });
      await manager.streams.add({
        name: STREAM,
        subjects: [SUBJECT],
        storage,
        max_bytes: STREAM_BYTES,
        discard: 'old',
      });
      await manager.consumers.add(STREAM, {
        durable_name: CONSUMER,
        ack_policy: 'explicit',
        max_ack_pending: ACKS_PENDING,
      });
      const consumer = await jetstream(connection).consumers.get(STREAM, CONSUMER);
      let count = 0;
      await consumer.consume({
        max_messages: PULLED,
        callback(message) {
          count += 1;
          message.ack();
        },
      });
      return { handled: () => count };
    },

    async startSender({ port, body }, acknowledged) {
      const stream = jetstream(await open(port), { timeout: TIMEOUT_MS });
      const bytes = asBuffer(body);
      const one = (): void => acknowledged(1);
      return { send: () => void stream.publish(SUBJECT, bytes).then(one) };
    },
  };
}

function open(port: number): Promise<NatsConnection> {
  return connect({ servers: `127.0.0.1:${port}`, reconnect: false });
}

function configurationOf(port: number, folder: string): string {
  return [
    `listen: "127.0.0.1:${port}"`,
    'max_payload: 8388608',
    'max_pending: 268435456',
    'max_connections: 20000',
    `jetstream { store_dir: "${folder}/jetstream", max_mem: 4G, max_file: 8G }`,
    '',
  ].join('\n');
}
