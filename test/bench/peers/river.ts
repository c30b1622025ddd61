import { createServer as createHttpServer } from 'node:http';
import {
  createClient,
  createServer,
  Ok,
  Procedure,
  ServiceSchema,
  type Server,
} from '@replit/river';
import { BinaryCodec } from '@replit/river/codec';
import { WebSocketClientTransport } from '@replit/river/transport/ws/client';
import { WebSocketServerTransport } from '@replit/river/transport/ws/server';
import { Type } from '@sinclair/typebox';
import { WebSocket, WebSocketServer } from 'ws';
import { asBuffer, type Peer } from '../peer.ts';

const SERVER = 'server';
const MESSAGE_BYTES = 1 << 27;
let handled = 0;
let clients = 0;

const Work = ServiceSchema.define({
  stream: Procedure.stream({
    input: Type.Object({ id: Type.Number(), data: Type.Uint8Array() }),
    output: Type.Object({ id: Type.Number() }),
    errors: Type.Never(),
    async handler(_context, input, output) {
      for await (const { id } of input) {
        handled += 1;
        output.push(Ok({ id }));
      }
      output.end();
    },
  }),
});
const services = { work: Work };

/** River: sessions with sequence numbers over WebSocket; one stream, an output for each input. */
export const peer: Peer = {
  name: 'river',
  meaning: 'the handler has pushed an output for it; survives a lost connection for some seconds',
  kind: 'product',
  acknowledgedBy: 'application',
  carries: 'bytes',

  async startReceiver({ port }) {
    const http = createHttpServer();
    const webSockets = new WebSocketServer({ server: http, maxPayload: MESSAGE_BYTES });
    const transport = new WebSocketServerTransport(webSockets, SERVER, { codec: BinaryCodec });
    createServer(transport, services);
    await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', 4_096, resolve));
    return { handled: () => handled };
  },

  async startSender({ port, body }, acknowledged) {
    const [input, output] = await open(port).work.stream.stream();
    void (async () => {
      for await (const result of output) {
        if (!result.ok) throw new Error('river says that a message failed');
        acknowledged(1);
      }
    })();
    const data = asBuffer(body);
    let id = 0;
    return {
      send() {
        id += 1;
        input.push({ id, data });
      },
    };
  },

  async openIdle({ port }) {
    const client = open(port);
    // A stream alone would not wait until the connection is there.
    const [input, output] = await client.work.stream.stream();
    input.push({ id: 0, data: new Uint8Array(1) });
    await output.next();
    return client;
  },
};

function open(port: number) {
  clients += 1;
  const dial = async (): Promise<WebSocket> => new WebSocket(`ws://127.0.0.1:${port}`);
  const name = `client ${process.pid} ${clients}`;
  const transport = new WebSocketClientTransport(dial, name, { codec: BinaryCodec });
  return createClient<Server<typeof services>>(transport, SERVER, { eagerlyConnect: true });
}
