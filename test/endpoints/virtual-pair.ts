import { connect, type Client, type ClientOptions } from '@wilco/client';
import { listen, type PeerSession, type Server, type ServerOptions } from '@wilco/server';
import { PERFECT_LINK, SeededRandom, VirtualClock, VirtualNetwork } from '@wilco/testkit';
import type { Dial, LinkFaults, VirtualLink } from '@wilco/testkit';

/** What is special about a pair. */
export interface VirtualPairOptions {
  readonly client?: Partial<ClientOptions>;
  readonly server?: Partial<ServerOptions>;
  readonly isReliable?: boolean;
  readonly faultsFor?: (dial: Dial) => Partial<LinkFaults>;
}

/** A server and a client on a virtual network, in virtual time; a link takes a millisecond. */
export interface VirtualPair {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly server: Server;
  readonly client: Client;
  /** The server's side of the client's newest session. */
  session(): PeerSession;
  /** The newest link. */
  link(): VirtualLink;
  /** Another client, from a host of that name. */
  dial(host: string, options?: Partial<ClientOptions>): Client;
  /** Lets time pass. Milliseconds. */
  run(forMs: number): Promise<void>;
  /** Lets time pass until it is so, for a minute at most. */
  until(isSo: () => boolean, withinMs?: number): Promise<void>;
  /** Closes both, and lets time pass until that is done. */
  stop(): Promise<void>;
}

export const PORT = 7411;

/** Starts both; the client is dialling. */
export async function virtualPair(given: VirtualPairOptions = {}): Promise<VirtualPair> {
  const { isReliable = true } = given;
  const clock = new VirtualClock();
  const random = new SeededRandom(7);
  const faultsFor = (dial: Dial): LinkFaults => ({ ...PERFECT_LINK, ...given.faultsFor?.(dial) });
  const network = new VirtualNetwork({ clock, random, faultsFor, isReliable });
  const endpointOf = (host: string) => ({
    transport: network.host(host).transport(),
    clock: network.host(host).clock,
    random: random.split(host),
  });
  const server = await listen({ port: PORT, ...endpointOf('server'), ...given.server });
  const sessions: PeerSession[] = [];
  server.on('session', (session) => sessions.push(session));
  const clients: Client[] = [];
  const dial = (host: string, options: Partial<ClientOptions> = {}): Client => {
    const client = connect({ host: 'server', port: PORT, ...endpointOf(host), ...options });
    clients.push(client);
    return client;
  };
  const run = async (forMs: number): Promise<void> => {
    await clock.run(clock.nowMs() + forMs);
  };
  const until = async (isSo: () => boolean, withinMs = 60_000): Promise<void> => {
    if (!(await clock.run(clock.nowMs() + withinMs, isSo)))
      throw new Error(`not so: ${String(isSo)}`);
  };
  const stop = async (): Promise<void> => {
    let isDone = false;
    const ends = [...clients.map((one) => one.end()), server.close({ drainMs: 0 })];
    void Promise.all(ends).then(() => (isDone = true));
    await until(() => isDone);
  };
  return {
    ...{ clock, network, server, dial, run, until, stop },
    client: dial('client', given.client),
    session: () => existing(sessions.at(-1)),
    link: () => existing(network.links.at(-1)),
  };
}

function existing<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error('there is none');
  return thing;
}
