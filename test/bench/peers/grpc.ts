import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';
import { asBuffer, type Peer } from '../peer.ts';

/** A message of `grpc.proto`, and its acknowledgement. */
interface Message {
  readonly id: number;
  readonly data: Uint8Array;
}
interface Acknowledgement {
  readonly id: number;
}

const PROTO = fileURLToPath(new URL('../grpc.proto', import.meta.url));
const MESSAGE_BYTES = { 'grpc.max_receive_message_length': 1 << 27 };

/** gRPC: one stream in both directions, an acknowledgement written by hand for each message. */
export const peer: Peer = {
  name: 'grpc',
  meaning: 'the handler has run; one message back on the stream for each, nothing is kept',
  kind: 'product',
  acknowledgedBy: 'application',
  carries: 'bytes',

  async startReceiver({ port }) {
    let count = 0;
    const server = new grpc.Server(MESSAGE_BYTES);
    server.addService(serviceOf().service, {
      Stream(call: grpc.ServerDuplexStream<Message, Acknowledgement>) {
        call.on('data', ({ id }: Message) => {
          count += 1;
          call.write({ id });
        });
        call.on('end', () => call.end());
        call.on('error', () => {});
      },
    });
    const address = `127.0.0.1:${port}`;
    await new Promise<void>((resolve, reject) => {
      const bound = (failed: Error | null): void => (failed ? reject(failed) : resolve());
      server.bindAsync(address, grpc.ServerCredentials.createInsecure(), bound);
    });
    return { handled: () => count };
  },

  async startSender({ port, body }, acknowledged) {
    const client = await open(port);
    const stream = (client['Stream'] as () => grpc.ClientDuplexStream<Message, Acknowledgement>)();
    const waiting = new Map<number, (count: number) => void>();
    stream.on('data', ({ id }: Acknowledgement) => {
      const tell = waiting.get(id);
      waiting.delete(id);
      tell?.(1);
    });
    const data = asBuffer(body);
    let id = 0;
    return {
      send() {
        id += 1;
        waiting.set(id, acknowledged);
        stream.write({ id, data });
      },
    };
  },

  openIdle: ({ port }) => open(port),
};

async function open(port: number): Promise<grpc.Client & Record<string, unknown>> {
  const Service = serviceOf();
  const client = new Service(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    ...MESSAGE_BYTES,
    // Else all clients of a process would share one connection.
    'grpc.use_local_subchannel_pool': 1,
  });
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 20_000, (failed) => (failed ? reject(failed) : resolve()));
  });
  return client;
}

function serviceOf(): grpc.ServiceClientConstructor {
  const loaded = grpc.loadPackageDefinition(loadSync(PROTO, { longs: Number }));
  return (loaded['bench'] as grpc.GrpcObject)['Bench'] as grpc.ServiceClientConstructor;
}
