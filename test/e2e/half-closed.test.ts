/** Connections of which one direction, or one side, has ended. */
import { createServer, type Socket } from 'node:net';
import { describe, expect } from 'vitest';
import { PlainPeer } from '../vectors/plain-peer.mjs';
import { gate, numbers, test } from './endpoints.ts';
import { Count } from './messages.ts';
import { Relay } from './relay.ts';

/** MessagePack of a small number is the number. */
const ONE = Uint8Array.of(1);

describe('a peer that ends its direction and goes on reading', () => {
  test('has its message handled once, and gets the reply when it resumes', async ({ here }) => {
    const server = await here.server();
    const { opened, open } = gate();
    let runs = 0;
    server.handle(Count, async (value) => {
      runs += 1;
      await opened;
      return value;
    });
    const peer = new PlainPeer({ host: '127.0.0.1', port: server.address.port });
    await peer.open();
    const seq = peer.send('count', ONE);
    const offline = new Promise<void>((resolve) => server.once('offline', () => resolve()));
    peer.endWriting();
    await offline;
    expect((await peer.open()).newReason).toBeUndefined();
    open();
    expect(await peer.outcome(seq)).toMatchObject({ outcome: 'reply', payload: '01' });
    expect(runs).toBe(1);
    await peer.close();
  });
});

describe.each(['client', 'server'] as const)('an end of which only the %s learns', (side) => {
  test('costs nothing: the next connection takes the place of the other half', async ({ here }) => {
    const server = await here.server({ waitMs: 400 });
    const seen: number[] = [];
    server.handle(Count, (value) => {
      seen.push(value);
      return value;
    });
    const relay = here.add(await Relay.start(server.address.port));
    const client = here.client(relay.port, { waitMs: 400 });
    const replies: Promise<number>[] = [];
    for (const value of numbers(3)) {
      replies.push(client.send(Count, value).handled);
      await replies.at(-1);
      const resumed = new Promise<void>((resolve) => client.once('resumed', () => resolve()));
      relay.endOnly(side);
      replies.push(client.send(Count, 100 + value).handled);
      await resumed;
    }
    await Promise.all(replies);
    expect(seen).toEqual(numbers(3).flatMap((value) => [value, 100 + value]));
    expect(server.sessions).toHaveLength(1);
  });
});

describe('closing towards a peer that does not answer the goodbye', () => {
  test('takes a client no longer than its time for closing', async ({ here }) => {
    const sockets: Socket[] = [];
    const mute = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      socket.resume();
      sockets.push(socket);
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    here.add({
      close: async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => mute.close(resolve));
      },
    });
    const { port } = mute.address() as { port: number };
    const client = here.client(port, { closeTimeoutMs: 100 });
    await expect.poll(() => sockets.length).toBe(1);
    const beginMs = performance.now();
    await client.close({ drainMs: 0 });
    expect(performance.now() - beginMs).toBeLessThan(2_000);
  });

  test('takes a server no longer than its time for closing', async ({ here }) => {
    const server = await here.server({ closeTimeoutMs: 100 });
    server.handle(Count, () => new Promise<number>(() => {}));
    const peer = new PlainPeer({ host: '127.0.0.1', port: server.address.port });
    await peer.open();
    const beginMs = performance.now();
    // It reads, but it never says goodbye itself: it is deaf to CLOSE.
    peer.isDeaf = true;
    await server.close({ drainMs: 0 });
    expect(performance.now() - beginMs).toBeLessThan(2_000);
    peer.lose();
  });
});
