import { connect, type Client } from '@wilco/client';
import { Application } from './application.ts';
import { OrderDesk } from './order-desk.ts';
import type { PlannedOrder } from './order-plan.ts';
import { SERVER, type PlannedMessage } from './plan.ts';
import { originalOf, type SimulatedWorld } from './simulated-world.ts';

/** The port on which all servers of a run listen. */
export const PORT = 7411;

/** A host with a client on it, through all its crashes. */
export class SimulatedClient {
  readonly host: string;
  readonly #world: SimulatedWorld;
  #run = 0;
  #application: Application | undefined;
  #desk: OrderDesk | undefined;
  #client: Client | undefined;

  constructor(world: SimulatedWorld, host: string) {
    this.#world = world;
    this.host = host;
  }

  /** Whether a process runs on the host, and its client is not closed. */
  get isUp(): boolean {
    return this.#client !== undefined;
  }

  /** Counts its processes. */
  get run(): number {
    return this.#run;
  }

  /** Starts a process with a client that has what the disk of the host holds. */
  start(): void {
    const { network, plan, random } = this.#world;
    const host = network.host(this.host);
    const store = this.#world.disks.open(this.host, host.process);
    this.#run += 1;
    const run = this.#run;
    this.#world.say(this.host, 'starts');
    this.#world.history.dials(this.host, this.#world.clock.nowMs());
    const application = new Application(this.#world, this.host, run);
    const client = connect({
      host: SERVER,
      port: PORT,
      transport: host.transport(),
      clock: host.clock,
      random: random.split(`${this.host} ${String(run)}`),
      credentials: originalOf(this.host),
      whenSessionLost: plan.whenSessionLost,
      reconnect: { minMs: 50, maxMs: 1_000, stableAfterMs: 1_000 },
      connectTimeoutMs: 2_000,
      welcomeTimeoutMs: 2_000,
      frameTimeoutMs: 2_000,
      windowBudgetBytes: 4 * 1024 * 1024,
      onTransition: (machine, phase, event) => this.#world.count(`${machine} ${phase} × ${event}`),
      ...(store !== undefined && { store }),
      ...this.#world.extrasOf(this.host),
      ...this.#world.optionsOf(this.host),
    });
    application.serve(client);
    const desk = new OrderDesk(this.#world, this.host, run);
    desk.serve(client);
    this.#desk = desk;
    client.opened.then(
      () => desk.look(client, false),
      () => {},
    );
    this.#client = client;
    this.#application = application;
    this.#listen(client, run);
    if (run > 1 && store !== undefined) void application.adopt(client);
  }

  send(message: PlannedMessage): void {
    if (this.#client !== undefined) this.#application?.send(this.#client, message);
  }

  /** Sends something under an id of the application. */
  sendOrder(order: PlannedOrder): void {
    if (this.#client !== undefined) this.#desk?.send(this.#client, order);
  }

  /** Asks what became of it. */
  askFor(order: PlannedOrder): void {
    if (this.#client !== undefined) this.#desk?.ask(this.#client, order);
  }

  /** Everything had its time: looks at its kept receipts. Before it is online it need not know them. */
  look(): void {
    const client = this.#client;
    if (client?.isOnline === true) this.#desk?.look(client, client.stats()?.unsettled === 0);
  }

  /** The process dies: its receipts are gone with it. */
  crash(how: 'killed' | 'vanished'): void {
    this.#world.say(this.host, how === 'killed' ? 'is killed' : 'loses its power');
    this.#world.history.orphan(this.host, this.#run);
    this.#world.orders.orphan(this.host);
    this.#doubt();
    this.#client = undefined;
    this.#world.network.host(this.host).crash(how);
  }

  /** Says goodbye; resolves when nothing of it is left. */
  async close(drainMs: number): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    const run = this.#run;
    this.#client = undefined;
    this.#world.say(this.host, 'closes');
    this.#doubt();
    await client.close({ drainMs });
    // What is on a disk goes on after the next start; nobody holds its receipts then.
    if (this.#world.disks.has(this.host)) this.#world.history.orphan(this.host, run);
    this.#world.say(this.host, 'is closed');
  }

  #doubt(): void {
    this.#world.history.doubt(originalOf(this.host), this.#world.clock.nowMs());
  }

  #listen(client: Client, run: number): void {
    const say = (what: string): void => this.#world.say(this.host, what);
    const { history } = this.#world;
    const { process } = this.#world.network.host(this.host);
    client.on('online', ({ session, isResumed }) => {
      if (!process.isAlive) return;
      history.connected(this.host, this.#world.clock.nowMs(), isResumed);
      history.copies.owns(this.host, session);
      say(`is online, session ${session.slice(0, 6)}${isResumed ? ' resumed' : ''}`);
      this.#world.count(isResumed ? 'event resumed' : 'event online');
    });
    client.on('offline', ({ error }) => {
      if (!process.isAlive) return;
      history.offlineSinceMs.set(this.host, this.#world.clock.nowMs());
      history.dials(this.host, this.#world.clock.nowMs());
      say(`is offline: ${error.code}`);
      this.#world.connectionEnded(this.host, error.code);
      this.#world.count(`event offline ${error.code}`);
    });
    client.on('stateLost', ({ reason }) => {
      say(`has lost its session: ${reason}`);
      this.#doubt();
      this.#world.count(`event stateLost ${reason}`);
    });
    client.on('closed', ({ error }) => {
      say(`is over: ${error?.code ?? 'closed'}`);
      this.#doubt();
      if (error !== undefined) this.#world.connectionEnded(this.host, error.code);
      this.#world.count(`event closed ${error?.code ?? ''}`);
      if (this.#client === client) this.#client = undefined;
      // What is on a disk goes on after the next start.
      if (this.#world.disks.has(this.host)) process.post(0, () => history.orphan(this.host, run));
    });
    client.on('listenerFailed', ({ error }) => {
      this.#world.judge.blame(this.#world.clock.nowMs(), 'no crash', String(error));
    });
    client.on('settled', ({ id, outcome }) => {
      this.#application?.settledEarlier(id, outcome as never);
    });
    client.on('lateResult', () => this.#world.count('event lateResult'));
  }
}
