/** A connection that floods this process gets one read, then the others have their turn. */
import { createServer, connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { SocketConnection } from '../../packages/endpoint/src/socket-connection.ts';

test('between two full reads of one connection the event loop turns', async () => {
  const total = 4 * 1024 * 1024;
  let received = 0;
  let full = 0;
  let withoutTurn = 0;
  let hasTurned = true;
  await new Promise<void>((resolve, reject) => {
    const server = createServer((socket) => {
      const connection = new SocketConnection(socket, { remote: 'flooding', isExposed: false });
      connection.attach({
        opened: () => {},
        received: (bytes) => {
          received += bytes.length;
          if (!hasTurned) withoutTurn += 1;
          hasTurned = bytes.length < 65_536;
          full += hasTurned ? 0 : 1;
          setImmediate(() => (hasTurned = true));
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
  expect(withoutTurn).toBe(0);
});
