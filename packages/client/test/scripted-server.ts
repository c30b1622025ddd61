import type { Frame } from '@wilco/protocol';
import { connect, type Client, type ClientOptions } from '../src/index.ts';
import { ManualClock } from '../../endpoint/test/manual-clock.ts';
import { MemoryTransport } from '../../endpoint/test/memory-transport.ts';
import { ScriptedPeer } from '../../endpoint/test/scripted-peer.ts';

interface StartOptions extends Partial<ClientOptions> {
  readonly isReliable?: boolean;
  readonly isReachable?: boolean;
  readonly isExposed?: boolean;
}

/** A client on a network in memory; the test plays the server. */
export async function start(given: StartOptions = {}) {
  const { isReliable = true, isReachable = true, isExposed = false, ...options } = given;
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock, isReliable);
  transport.isReachable = isReachable;
  transport.isExposed = isExposed;
  const random = { bytes: (count: number) => new Uint8Array(count).fill(7), fraction: () => 0.5 };
  const client = connect({ port: 1, transport, clock, random, ...options });
  const { events, lost } = record(client);
  const peers: ScriptedPeer[] = [];
  const dialledAtMs: number[] = [];
  transport.onDial = (far) => {
    peers.push(new ScriptedPeer(far));
    dialledAtMs.push(clock.nowMs());
  };
  const peer = Object.assign((index = 0) => existing(peers[index]), {
    newest: () => existing(peers.at(-1)),
    answers: async (frame: Frame): Promise<void> => {
      existing(peers.at(-1)).say(frame);
      await clock.settle();
    },
    hears: (forMs = 0): Promise<void> => clock.advance(forMs),
  });
  const stop = async (): Promise<void> => {
    const ended = client.end();
    await clock.advance(60_000);
    await ended;
  };
  await clock.settle();
  return { client, clock, transport, peer, peers, dialledAtMs, events, lost, stop };
}

function existing(peer: ScriptedPeer | undefined): ScriptedPeer {
  if (peer === undefined) throw new Error('there is no such connection');
  return peer;
}

function record(client: Client) {
  const events: string[] = [];
  const lost: unknown[] = [];
  client.on('online', () => events.push('online'));
  client.on('resumed', () => events.push('resumed'));
  client.on('offline', ({ error }) => events.push(`offline ${error.code}`));
  client.on('closed', ({ error }) => events.push(['closed', error?.code].join(' ').trim()));
  client.on('stateLost', (event) => lost.push(event));
  return { events, lost };
}
