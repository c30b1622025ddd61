import { listen, type Server } from '@wilco/server';
import type { SessionHandle } from '@wilco/endpoint';
import { Application } from './application.ts';
import { OrderDesk } from './order-desk.ts';
import type { PlannedOrder } from './order-plan.ts';
import { SERVER, type PlannedMessage } from './plan.ts';
import { PORT } from './simulated-client.ts';
import type { SimulatedWorld } from './simulated-world.ts';

type MaybeLater<Value> = Value | Promise<Value>;

/** A host with a server on it, through all its crashes. */
export class SimulatedServer {
  readonly host: string;
  readonly #world: SimulatedWorld;
  #run = 0;
  #application: Application | undefined;
  #desk: OrderDesk | undefined;
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

  /** Counts its processes. */
  get run(): number {
    return this.#run;
  }

  /** Starts a process with a server that has what the disk of the host holds. */
  start(): void {
    this.#run += 1;
    const run = this.#run;
    this.#say('starts');
    const application = new Application(this.#world, this.host, run);
    this.#application = application;
    this.#desk = new OrderDesk(this.#world, this.host, run);
    this.#sessions.clear();
    listen(this.#options(run)).then(
      (server) => {
        if (run === this.#run) this.#serve(server, application);
      },
      (error: unknown) => {
        this.#say(`can not listen: ${String(error)}`);
      },
    );
  }

  send(message: PlannedMessage): void {
    const session = this.#sessions.get(message.to);
    if (session !== undefined) this.#application?.send(session, message);
  }

  /** Sends something under an id of the application. */
  sendOrder(order: PlannedOrder): void {
    const session = this.#sessions.get(order.to);
    if (session !== undefined) this.#desk?.send(session, order);
  }

  /** Asks what became of it. */
  askFor(order: PlannedOrder): void {
    const session = this.#sessions.get(order.to);
    if (session !== undefined) this.#desk?.ask(session, order);
  }

  /** The process dies: its receipts are gone with it. */
  crash(how: 'killed' | 'vanished'): void {
    this.#say(how === 'killed' ? 'is killed' : 'loses its power');
    this.#world.history.orphan(this.host, this.#run);
    this.#world.orders.orphan(this.host);
    this.#doubt();
    this.#run += 1;
    this.#server = undefined;
    this.#sessions.clear();
    this.#world.network.host(this.host).crash(how);
  }

  /** Says goodbye to all; resolves when nothing of it is left. */
  async close(drainMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const run = this.#run;
    this.#server = undefined;
    this.#sessions.clear();
    this.#say('closes');
    this.#doubt();
    await server.close({ drainMs });
    // What is on a disk goes on after the next start; nobody holds its receipts then.
    if (this.#world.disks.has(this.host)) this.#world.history.orphan(this.host, run);
    this.#say('is closed');
  }

  #options(run: number): Parameters<typeof listen>[0] {
    const { network, plan, random } = this.#world;
    const host = network.host(this.host);
    const store = this.#world.disks.open(this.host, host.process);
    return {
      host: this.host,
      port: PORT,
      whenSessionLost: plan.whenSessionLost,
      retrySpreadMs: 500,
      transport: host.transport(),
      clock: host.clock,
      random: random.split(`${this.host} ${String(run)}`),
      authenticate: ({ credentials }) => this.#authenticate(credentials),
      helloTimeoutMs: 2_000,
      readyTimeoutMs: 2_000,
      frameTimeoutMs: 2_000,
      windowBudgetBytes: 4 * 1024 * 1024,
      onTransition: (machine, phase, event) => this.#world.count(`${machine} ${phase} × ${event}`),
      ...(store !== undefined && { store }),
      ...this.#world.extrasOf(this.host),
      ...this.#world.optionsOf(this.host),
    };
  }

  /** At once, or after a while. */
  #authenticate(credentials: Uint8Array | undefined): MaybeLater<{ identity: string }> {
    const answer = { identity: new TextDecoder().decode(credentials) };
    const { authenticationMs } = this.#world.plan;
    if (authenticationMs === 0) return answer;
    const { process, clock } = this.#world.network.host(this.host);
    return new Promise((resolve) => {
      process.post(clock.nowMs() + authenticationMs, () => resolve(answer));
    });
  }

  #serve(server: Server, application: Application): void {
    const { run } = application;
    this.#server = server;
    application.serve(server);
    this.#desk?.serve(server);
    const meet = (what: string, session: SessionHandle): void => {
      const { id, identity } = session;
      this.#say(`${what} session ${String(id).slice(0, 6)} of ${String(identity)}`);
      this.#world.count(`event server ${what}`);
      if (identity !== undefined) this.#sessions.set(identity, session);
      if (run > 1 && this.#world.disks.has(this.host)) void application.adopt(session);
    };
    server.on('session', (session) => {
      meet('opens', session);
      const { identity } = session;
      if (identity !== undefined) this.#world.history.opened(identity, this.host !== SERVER);
    });
    server.on('resumed', (session) => meet('resumes', session));
    server.on('offline', ({ session, error }) => {
      this.#say(`misses ${String(session.identity)}: ${error.code}`);
      this.#world.connectionEnded(this.host, error.code);
    });
    server.on('closed', ({ session, error }) => {
      this.#say(`ends session ${String(session.id).slice(0, 6)}: ${error.code}`);
      this.#doubt(session.identity);
      this.#ended(session);
      this.#world.count(`event server closed ${error.code}`);
    });
    server.on('stateLost', ({ reason, session }) => {
      this.#say(`has lost a session: ${reason}`);
      this.#doubt(session.identity);
      this.#ended(session);
      this.#world.count(`event server stateLost ${reason}`);
    });
    server.on('settled', ({ id, outcome }) => {
      application.settledEarlier(id, outcome as never);
    });
    server.on('securityEvent', ({ code }) => this.#world.count(`event server ${code}`));
    server.on('lateResult', () => this.#world.count('event lateResult'));
    server.on('listenerFailed', ({ error }) => {
      this.#world.judge.blame(this.#world.clock.nowMs(), 'no crash', String(error));
    });
  }

  #ended({ identity }: SessionHandle): void {
    const { history, clock } = this.#world;
    if (identity !== undefined) history.sessionEnded(identity, clock.nowMs());
  }

  /** @param client - Whose session it concerns; `undefined`: all. */
  #doubt(client = SERVER): void {
    this.#world.history.doubt(client, this.#world.clock.nowMs());
  }

  #say(what: string): void {
    this.#world.say(this.host, what);
  }
}
