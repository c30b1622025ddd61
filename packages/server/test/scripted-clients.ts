import type { HelloFrame, WelcomeFrame } from '@wilco/protocol';
import { listen, type PeerSession, type Server, type ServerOptions } from '../src/index.ts';
import { ManualClock } from '../../endpoint/test/manual-clock.ts';
import { MemoryTransport } from '../../endpoint/test/memory-transport.ts';
import { hello, ready, ScriptedPeer } from '../../endpoint/test/scripted-peer.ts';

/** The run of another client than the one that `hello()` speaks for. */
export const OTHER_RUN = 'ee'.repeat(16);

interface StartOptions extends Partial<ServerOptions> {
  readonly isReliable?: boolean;
}

/** A server on a network in memory; the test plays the clients. */
export async function start({ isReliable = true, ...options }: StartOptions = {}) {
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock, isReliable);
  let made = 0;
  const random = {
    bytes: (count: number) => new Uint8Array(count).fill(++made),
    fraction: () => 0.5,
  };
  const server = await listen({ port: 1, transport, clock, random, ...options });
  const dial = (): ScriptedPeer => new ScriptedPeer(transport.dialIn());
  async function finish(peer: ScriptedPeer, first: HelloFrame) {
    peer.say(first);
    await clock.settle();
    const told = peer.last('welcome');
    peer.say(ready());
    await clock.settle();
    return { peer, told };
  }
  return {
    server,
    clock,
    dial,
    ...record(server),
    /** Opens a new session. */
    opens: (changes: Partial<HelloFrame> = {}) => finish(dial(), hello(changes)),
    /** Resumes a session on a new connection. */
    resumes: (told: WelcomeFrame) => finish(dial(), resume(told, 2)),
    stop: async () => {
      const closed = server.close({ drainMs: 0 });
      await clock.advance(60_000);
      await closed;
    },
  };
}

/** The HELLO that resumes a session. */
export function resume({ sessionId: id, token }: WelcomeFrame, counter: number): HelloFrame {
  return hello({ session: { id, token }, attempt: { boot: 1, counter } });
}

function record(server: Server) {
  const events: string[] = [];
  const security: unknown[] = [];
  const lost: unknown[] = [];
  const sessions: PeerSession[] = [];
  server.on('session', (session) => {
    events.push('session');
    sessions.push(session);
  });
  server.on('resumed', () => events.push('resumed'));
  server.on('offline', ({ error }) => events.push(`offline ${error.code}`));
  server.on('closed', ({ error }) => events.push(`closed ${error.code}`));
  server.on('securityEvent', (event) => security.push(event));
  server.on('stateLost', (event) => lost.push(event));
  return { events, security, lost, sessions };
}
