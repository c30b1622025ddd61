import type { Socket } from 'node:net';
import { textOf, type Peer } from '../peer.ts';
import { dial, serve } from '../sockets.ts';

/** What one writes by hand: a line of JSON for each message, and another for each acknowledgement. */
export const peer: Peer = {
  name: 'net-ack',
  meaning: 'the handler has run; one line of JSON back for each message',
  kind: 'byHand',
  acknowledgedBy: 'application',
  carries: 'both',

  async startReceiver({ port }) {
    let count = 0;
    await serve(port, (socket) => {
      eachLine(socket, (line) => {
        const { id } = JSON.parse(line) as { id: number };
        count += 1;
        socket.write(`${JSON.stringify({ id })}\n`);
      });
    });
    return { handled: () => count };
  },

  async startSender({ port, body }, acknowledged) {
    const socket = await dial(port);
    const waiting = new Map<number, (count: number) => void>();
    eachLine(socket, (line) => {
      const { id } = JSON.parse(line) as { id: number };
      const tell = waiting.get(id);
      waiting.delete(id);
      tell?.(1);
    });
    const json = body instanceof Uint8Array ? textOf(body) : body;
    let id = 0;
    return {
      send() {
        id += 1;
        waiting.set(id, acknowledged);
        socket.write(`${JSON.stringify({ id, body: json })}\n`);
      },
    };
  },

  openIdle: ({ port }) => dial(port),
};

function eachLine(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text) => {
    const lines = `${rest}${text as unknown as string}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}
