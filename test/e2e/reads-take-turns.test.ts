/** A connection that floods this process gets a few reads, then the others have their turn. */
import { createServer, connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { SocketConnection } from '../../packages/endpoint/src/socket-connection.ts';

test('after four full reads of one connection the event loop turns', async () => {
  const total = 4 * 1024 * 1024;
  let received = 0;
  let full = 0;
  let withoutTurn = 0;
  let mostWithoutTurn = 0;
  await new Promise<void>((resolve, reject) => {
    const server = createServer((socket) => {
      const connection = new SocketConnection(socket, { remote: 'flooding', isExposed: false });
      connection.attach({
        opened: () => {},
        received: (bytes) => {
          received += bytes.length;
          if (bytes.length < 65_536) return;
          full += 1;
          withoutTurn += 1;
          mostWithoutTurn = Math.max(mostWithoutTurn, withoutTurn);
          setImmediate(() => (withoutTurn = 0));
          // What comes meanwhile piles up.
          const untilMs = performance.now() + 2;
          while (performance.now() < untilMs);
        },
        ended: () => {
          server.close();
          connection.end();
          resolve();
        },
        failed: reject,
        closed: () => {},
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', reject);
      socket.resume();
      socket.end(Buffer.alloc(total));
    });
  });
  expect(received).toBe(total);
  expect(full).toBeGreaterThan(5);
  expect(mostWithoutTurn).toBeLessThanOrEqual(4);
  expect(mostWithoutTurn).toBeGreaterThan(1);
});
