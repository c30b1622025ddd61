/** What the system refuses: a port, a name, a file descriptor, a write. */
import { connect as dial, type Socket } from 'node:net';
import { describe, expect } from 'vitest';
import { listen } from '@wilco/server';
import { Child } from './child.ts';
import { eventually, numbers, test } from './endpoints.ts';
import { Count } from './messages.ts';
import { Relay } from './relay.ts';

describe.concurrent('a server', () => {
  test('on a port that is taken is not made, and says why; the other one lives', async ({
    here,
  }) => {
    const first = await here.server();
    first.handle(Count, (value) => value);
    const { port } = first.address;
    await expect(listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'WILCO_LISTEN_FAILED',
      cause: { code: 'EADDRINUSE' },
    });
    expect(await here.client(port).send(Count, 1).handled).toBe(1);
  });

  test('that runs out of file descriptors lives, and takes clients again when there are some', async ({
    here,
  }) => {
    const child = here.add(new Child('server', { helloTimeoutMs: 60_000 }, { maxFiles: 64 }));
    const port = (await child.until('listening'))['port'] as number;
    const early = here.client(port);
    expect(await early.send(Count, 1).handled).toBe(1);
    const held = numbers(100).map(() => holdOpen(port));
    // Those for whom there is no descriptor are closed by the system.
    await eventually(() => held.some(({ isClosed }) => isClosed()));
    const late = here.client(port, { reconnect: { minMs: 20, maxMs: 100 } });
    const receipt = late.send(Count, 2);
    // Who is in already does not notice.
    expect(await early.send(Count, 3).handled).toBe(3);
    expect(receipt.outcome).toBeUndefined();
    for (const { socket } of held) socket.destroy();
    expect(await receipt.handled).toBe(2);
    expect([child.hasExited, child.all('offline')]).toEqual([false, []]);
  });
});

describe.concurrent('a client', () => {
  test('whose server has no address tells why, and goes on trying until it is closed', async ({
    here,
  }) => {
    const client = here.client(7411, { host: 'no-such-host.invalid', insecure: true });
    const receipt = client.send(Count, 1);
    const codes: string[] = [];
    client.on('connectFailed', ({ error }) => codes.push(error.code));
    await eventually(() => codes.length >= 2);
    expect(new Set(codes)).toEqual(new Set(['WILCO_CONNECT_FAILED']));
    await client.close({ drainMs: 0 });
    expect(await receipt.settled).toMatchObject({ status: 'cancelled' });
  });

  test('whose connection is reset while it writes on and on loses and repeats nothing', async ({
    here,
  }) => {
    const server = await here.server();
    const seen: number[] = [];
    server.handle(Count, (value) => {
      seen.push(value);
      return value;
    });
    const relay = here.add(await Relay.start(server.address.port));
    const client = here.client(relay.port, { reconnect: { minMs: 1, maxMs: 5 } });
    const receipts: Promise<number>[] = [];
    let next = 1;
    for (const round of numbers(20)) {
      for (let count = 0; count < 50; count++) receipts.push(client.send(Count, next++).handled);
      await receipts[receipts.length - 25];
      // What is written after this meets ECONNRESET or EPIPE.
      relay.cut(round % 2 === 0 ? 'reset' : 'end');
      for (let count = 0; count < 10; count++) receipts.push(client.send(Count, next++).handled);
    }
    await Promise.all(receipts);
    expect(seen).toEqual(numbers(next - 1));
  });
});

/** A connection that says nothing. */
function holdOpen(port: number): { readonly socket: Socket; isClosed(): boolean } {
  let isClosed = false;
  const socket = dial({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.on('close', () => (isClosed = true));
  socket.resume();
  return { socket, isClosed: () => isClosed };
}
