/** What a server keeps in memory stays within the sum of its limits, whatever its peers do. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect as connectClient, type Client } from '@wilco/client';
import { Child } from './child.ts';
import { HostilePeer, message } from './hostile-peer.ts';
import { Count } from './messages.ts';

const MIB = 1024 * 1024;
const LIMITS = {
  windowBudgetBytes: 16 * MIB,
  outboxBytesTotal: 4 * MIB,
  maxMessageBytes: 4 * MIB,
  answerBytes: MIB,
  maxUnsentBytes: MIB,
  maxConnections: 2_000,
  helloTimeoutMs: 3_000,
  handlerTimeoutMs: 3_000,
  handlerGraceMs: 0,
  resumeWindowMs: 500,
} as const;
/** What a connection costs beside what is counted: socket, session, decoder, encoder. Bytes. */
const CONNECTION_BYTES = 48 * 1024;
/** What the heap, the allocator and the JIT may take beside it all. */
const SLACK_BYTES = 40 * MIB;

let server: Child;
let port: number;
let baseBytes: number;
let honest: Client;
let peers: HostilePeer[] = [];

beforeAll(async () => {
  server = new Child('besieged-server', LIMITS, { nodeOptions: ['--expose-gc'] });
  port = (await server.until('listening'))['port'] as number;
  honest = connectClient({ host: '127.0.0.1', port });
  // Code is compiled, and pools are filled.
  await Promise.all(Array.from({ length: 5_000 }, (_, i) => honest.send(Count, i).handled));
  baseBytes = await kept();
}, 60_000);

afterAll(async () => {
  await honest.close({ drainMs: 0 });
  await server.close();
});

/** What the server keeps now, by its next word but one: the next may have been under way. */
async function kept(): Promise<number> {
  const from = server.told.length;
  await server.until('memory', () => true, from);
  return (await server.until('memory', () => true, server.told.length))['rss'] as number;
}

async function open(count: number): Promise<HostilePeer[]> {
  const opened = await openSilent(count);
  for (const peer of opened) peer.tellNames();
  return opened;
}

async function openSilent(count: number): Promise<HostilePeer[]> {
  const opened: HostilePeer[] = [];
  // Not all at once: the queue of connections that wait to be accepted is short.
  for (let i = 0; i < count; i += 50) {
    const some = Array.from({ length: Math.min(50, count - i) }, () => openOne());
    opened.push(...(await Promise.all(some)));
  }
  peers.push(...opened);
  return opened;
}

/** Comes back while there is no room: idle windows are taken back meanwhile. */
async function openOne(): Promise<HostilePeer> {
  for (;;) {
    const peer = new HostilePeer(port);
    try {
      return await peer.open();
    } catch (error) {
      if (peer.closedWith !== 'WILCO_OVERLOADED') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The memory sum of SECURITY.md, with these limits and so many connections. */
function mostBytes(connections: number): number {
  const windows = 2 * LIMITS.windowBudgetBytes;
  const outboxes = 2 * LIMITS.outboxBytesTotal;
  return windows + outboxes + connections * CONNECTION_BYTES + SLACK_BYTES;
}

/** Sends all of a large message that is granted, but for its last byte. */
function fillAlmost(peer: HostilePeer, channel: number): void {
  const most = LIMITS.maxMessageBytes - 1;
  let offset = 1;
  peer.say({ ...message(1, 1, new Uint8Array(1)), channel, totalBytes: most + 1 });
  peer.onFrame((frame) => {
    if (frame.kind !== 'ack' || peer.isOver) return;
    const granted = frame.channels.find((one) => one.channel === channel)?.partial?.granted ?? 0;
    while (offset < Math.min(granted, most)) {
      const payload = new Uint8Array(Math.min(65_536, most - offset));
      peer.say({ kind: 'fragment', channel, seq: 1, offset, payload });
      offset += payload.byteLength;
    }
  });
}

/** MessagePack of binary, `size` bytes in all. */
function binary(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set([0xc5, (size - 3) >> 8, (size - 3) & 0xff]);
  return bytes;
}

/** Nobody else is held up, and the memory is bounded. */
async function holdsOut(connections: number): Promise<void> {
  const startMs = performance.now();
  expect(await honest.send(Count, 7).handled).toBe(7);
  expect(performance.now() - startMs).toBeLessThan(5_000);
  const grownBytes = (await kept()) - baseBytes;
  expect(grownBytes).toBeLessThan(mostBytes(connections));
}

async function clear(): Promise<void> {
  for (const peer of peers) peer.leave();
  await Promise.all(peers.map(({ over }) => over));
  peers = [];
}

describe('a server keeps within its limits, and serves others, while', { timeout: 120_000 }, () => {
  test('peers ignore their windows: they are cut off with a protocol error', async () => {
    const flooding = await open(20);
    const payload = binary(60_000);
    for (const peer of flooding) {
      for (let seq = 1; seq <= 100; seq++) peer.say(message(seq, 1, payload));
    }
    await Promise.all(flooding.map(({ over }) => over));
    expect(
      server.all('offline').filter(({ code }) => code === 'WILCO_WINDOW_EXCEEDED'),
    ).toHaveLength(20);
    await holdsOut(20);
    await clear();
  });

  test('peers fill all windows with messages whose handlers never end, large, small and empty', async () => {
    const filling = await open(60);
    for (const [i, peer] of filling.entries()) {
      const { messages, bytes } = peer.window;
      const count = Math.min(messages, 64);
      if (count === 0) throw new Error('no window was granted');
      const size = i % 3 === 0 ? 3 : Math.max(3, Math.floor(Math.min(bytes, 65_536) / count));
      for (let seq = 1; seq <= count; seq++) peer.say(message(seq, 1, binary(size)));
    }
    await holdsOut(60);
    expect(filling.filter(({ isOver }) => isOver)).toEqual([]);
    await clear();
  });

  test('peers have pushed to them and read nothing', async () => {
    const frozen = await open(30);
    for (const peer of frozen) {
      peer.freeze();
      peer.say(message(1, 2, Uint8Array.of(0xc4, 0)));
    }
    await holdsOut(30);
    await clear();
  });

  test('peers begin large messages in all their channels, in tiny parts, and finish none', async () => {
    const fragmenting = await open(30);
    for (const peer of fragmenting) {
      for (let channel = 2; channel < 8; channel++) fillAlmost(peer, channel);
    }
    await holdsOut(30);
    await holdsOut(30);
    await clear();
  });

  test('peers send large messages byte by byte, each in a segment of its own', async () => {
    const dribbling = await open(20);
    const part = new Uint8Array(1);
    for (const peer of dribbling) {
      peer.say({ ...message(1, 1, part), totalBytes: 1_000 });
    }
    await kept();
    for (let offset = 1; offset < 500; offset++) {
      for (const peer of dribbling) {
        if (!peer.isOver) peer.say({ kind: 'fragment', channel: 1, seq: 1, offset, payload: part });
      }
      if (offset % 50 === 0) await new Promise(setImmediate);
    }
    await holdsOut(20);
    await clear();
  });

  test('peers flood it with small frames that want answers, and read none', async () => {
    const flooding = await open(8);
    for (const peer of flooding) {
      peer.freeze();
      for (let i = 1; i <= 20_000; i++) {
        // More than 64 questions at once would be the end of the connection.
        if (i % 100 === 0) peer.say({ kind: 'status', query: i, id: 'x' });
        peer.say(
          { kind: 'cancel', channel: 1, seq: i },
          { kind: 'probe', nonce: i, written: peer.written + 1 },
        );
      }
    }
    await holdsOut(8);
    await clear();
  });

  test('a thousand peers are idle', async () => {
    await openSilent(1_000);
    await holdsOut(1_000);
    await clear();
  });

  test('strangers announce huge frames, say half a HELLO, or say nothing', async () => {
    const preamble = Buffer.from('57494c434f0d0a01', 'hex');
    const words = [
      Buffer.concat([preamble, Buffer.from('ffffff7f', 'hex')]),
      Buffer.concat([preamble, Buffer.from('f01f01', 'hex'), Buffer.alloc(2_000)]),
      Buffer.alloc(0),
    ];
    const strangers = Array.from({ length: 600 }, (_, i) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => {});
      socket.write(words[i % 3] as Buffer);
      return { socket, over: new Promise<void>((resolve) => socket.on('close', () => resolve())) };
    });
    for (const { socket } of strangers) socket.resume();
    await holdsOut(600);
    // All are gone when their time is over.
    await Promise.all(strangers.map(({ over }) => over));
  });
});
