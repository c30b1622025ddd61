import { listen, type Server } from '@wilco/server';
import type { SessionHandle } from '@wilco/endpoint';
import { Application } from './application.ts';
import type { PlannedMessage } from './plan.ts';
import { PORT } from './simulated-client.ts';
import type { SimulatedWorld } from './simulated-world.ts';

/** A host with a server on it, through all its crashes. */
export class SimulatedServer {
  readonly host: string;
  readonly #world: SimulatedWorld;
  #run = 0;
  #application: Application | undefined;
  #server: Server | undefined;
  /** The newest session of each client. */
  readonly #sessions = new Map<string, SessionHandle>();

  constructor(world: SimulatedWorld, host: string) {
    this.#world = world;
    this.host = host;
  }

  /** Whether a process runs on the host, and its server is not closed. */
  get isUp(): boolean {
    return this.#server !== undefined;
  }

  /** Starts a process with a server that has what the disk of the host holds. */
  start(): void {
    this.#run += 1;
    const run = this.#run;
    this.#world.say(this.host, 'starts');
    const application = new Application(this.#world, this.host, run);
    this.#application = application;
    this.#sessions.clear();
    listen(this.#options(run)).then(
      (server) => {
        if (run === this.#run) this.#serve(server, application);
      },
      (error: unknown) => {
        this.#world.say(this.host, `can not listen: ${String(error)}`);
      },
    );
  }

  send(message: PlannedMessage): void {
    const session = this.#sessions.get(message.to);
    if (session !== undefined) this.#application?.send(session, message);
  }

  /** The process dies: its receipts are gone with it. */
  crash(how: 'killed' | 'vanished'): void {
    this.#world.say(this.host, how === 'killed' ? 'is killed' : 'loses its power');
    this.#world.history.orphan(this.host, this.#run);
    this.#world.history.doubts.add('crash');
    this.#run += 1;
    this.#server = undefined;
    this.#sessions.clear();
    this.#world.network.host(this.host).crash(how);
  }

  /** Says goodbye to all; resolves when nothing of it is left. */
  async close(drainMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#sessions.clear();
    this.#world.say(this.host, 'closes');
    this.#world.history.doubts.add('close');
    await server.close({ drainMs });
    this.#world.say(this.host, 'is closed');
  }

  #options(run: number): Parameters<typeof listen>[0] {
    const { network, random } = this.#world;
    const host = network.host(this.host);
    const store = this.#world.storeOf(this.host);
    return {
      port: PORT,
      transport: host.transport(),
      clock: host.clock,
      random: random.split(`${this.host} ${String(run)}`),
      authenticate: ({ credentials }) => ({ identity: new TextDecoder().decode(credentials) }),
      helloTimeoutMs: 2_000,
      readyTimeoutMs: 2_000,
      frameTimeoutMs: 2_000,
      windowBudgetBytes: 4 * 1024 * 1024,
      onTransition: (machine, phase, event) => this.#world.count(`${machine} ${phase} × ${event}`),
      ...(store !== undefined && { store }),
      ...this.#world.optionsOf(this.host),
    };
  }

  #serve(server: Server, application: Application): void {
    const { doubts } = this.#world.history;
    this.#server = server;
    application.serve(server);
    server.on('session', (session) => {
      this.#world.say(
        this.host,
        `has session ${String(session.id).slice(0, 6)} of ${String(session.identity)}`,
      );
      if (session.identity !== undefined) this.#sessions.set(session.identity, session);
    });
    server.on('stateLost', ({ reason }) => {
      this.#world.say(this.host, `has lost a session: ${reason}`);
      doubts.add('stateLost');
    });
    server.on('listenerFailed', ({ error }) => {
      this.#world.judge.blame(this.#world.clock.nowMs(), 'no crash', String(error));
    });
  }
}
