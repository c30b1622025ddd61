import { cloneOf } from './copies.ts';
import type { DiskFate } from './disks.ts';
import type { Violation } from './judge.ts';
import { nameOf } from './order-content.ts';
import { OTHER_SERVER, SERVER, type Incident, type Plan } from './plan.ts';
import { SimulatedClient } from './simulated-client.ts';
import { SimulatedServer } from './simulated-server.ts';
import { SimulatedWorld } from './simulated-world.ts';
import type { TraceLine } from './trace.ts';

/** How long everything may take to settle once nothing is wrong any more. */
const PROGRESS_MS = 240_000;
/** How long closing may take. */
const CLOSING_MS = 60_000;
/** More events than this, and something goes round in circles. */
const EVENTS_MAX = 4_000_000;

/** What came out of a run. */
export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** The same for the same plan, always. */
  readonly hash: string;
  /** How often each fault, incident, outcome and step of a machine occurred. */
  readonly counts: ReadonlyMap<string, number>;
  readonly messages: number;
  readonly lines: readonly TraceLine[];
  /** Hosts, for the columns of a diagram. */
  readonly hosts: readonly string[];
  /** Virtual milliseconds. */
  readonly endedAtMs: number;
}

/** How to run a plan. */
export interface SimulationOptions {
  /**
   * Whether to keep the lines of the trace, with the frames on the wire.
   *
   * @defaultValue `false`
   */
  readonly keepsTrace?: boolean;
}

/**
 * Runs a plan: production endpoints on virtual time, over a network, disks and processes
 * that misbehave as the plan says; then in quiet, in which everything must settle; then
 * closes all, and compares the history with what was promised.
 */
export async function simulate(
  plan: Plan,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  return new Simulation(plan, options.keepsTrace ?? false).run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #world: SimulatedWorld;
  readonly #clients = new Map<string, SimulatedClient>();
  readonly #servers: readonly SimulatedServer[];
  #steps = 0;
  /** Crashes that wait for their event. */
  readonly #armed: { incident: Incident; events: number }[] = [];
  /** Hosts that are down and will start again. */
  #startsAhead = 0;

  constructor(plan: Plan, keepsTrace: boolean) {
    this.#plan = plan;
    this.#world = new SimulatedWorld(plan, keepsTrace);
    this.#servers = [SERVER, OTHER_SERVER].map((host) => new SimulatedServer(this.#world, host));
  }

  async run(): Promise<SimulationResult> {
    const { clock, judge, history, orders } = this.#world;
    const stopWatching = this.#watchRejections();
    try {
      this.#begin();
      await this.#run(this.#plan.quietAtMs);
      this.#disarm();
      this.#world.becomeQuiet();
      for (const client of this.#clients.values()) if (!client.isUp) this.#countDown(client.host);
      const isSettled = (): boolean =>
        history.openCount + orders.openCount === 0 && this.#startsAhead === 0;
      await this.#run(clock.nowMs() + PROGRESS_MS, isSettled);
      judge.rests(clock.nowMs());
      this.#judgeOrders();
      await this.#closeAll();
      await this.#world.disks.judgeAudits();
    } catch (error) {
      judge.blame(
        clock.nowMs(),
        'no crash',
        error instanceof Error ? String(error.stack) : String(error),
      );
    } finally {
      stopWatching();
    }
    return this.#result();
  }

  #begin(): void {
    const { clock } = this.#world;
    for (const server of this.#servers) server.start();
    for (const host of this.#plan.clients) {
      const client = new SimulatedClient(this.#world, host);
      this.#clients.set(host, client);
      clock.schedule(1, () => client.start());
    }
    clock.schedule(this.#plan.quietAtMs / 3, () => this.#world.disks.backUp());
    for (const { host, atMs } of this.#plan.audits) {
      clock.schedule(atMs, () => this.#world.disks.audit(host));
    }
    for (const incident of this.#plan.incidents) {
      clock.schedule(incident.atMs, () => this.#befall(incident));
    }
    for (const order of this.#plan.orders) {
      clock.schedule(order.atMs, () => this.#siteOf(order.from)?.sendOrder(order));
      for (const atMs of order.askedAtMs) {
        clock.schedule(atMs, () => this.#siteOf(order.from)?.askFor(order));
      }
    }
    for (const message of this.#plan.messages) {
      clock.schedule(message.atMs, () => this.#siteOf(message.from)?.send(message));
    }
  }

  /** Whatever went under an id has ended, and what is kept of it is true. */
  #judgeOrders(): void {
    const { clock, judge, orders } = this.#world;
    for (const { order, sentAtMs } of orders.unsettled()) {
      const what = `${nameOf(order)}, sent at ${sentAtMs.toFixed(0)} ms, is unsettled`;
      judge.blame(clock.nowMs(), 'progress', what);
    }
    for (const client of this.#clients.values()) client.look();
  }

  #siteOf(host: string): SimulatedClient | SimulatedServer | undefined {
    return this.#clients.get(host) ?? this.#servers.find((server) => server.host === host);
  }

  #befall(incident: Incident): void {
    const { host, kind, forMs, isSilent } = incident;
    this.#world.count(`incident ${kind}`);
    switch (kind) {
      case 'crash':
      case 'restore':
      case 'damage':
        this.#arm(incident);
        return;
      case 'clone':
        this.#clone(host);
        return;
      case 'sleep':
        this.#world.say(host, `sleeps for ${String(forMs)} ms`);
        this.#world.network.host(host).sleep(forMs);
        return;
      case 'jump':
        this.#jump(host, isSilent ? -forMs : forMs);
        return;
      case 'closeAndReopen':
        void this.#reopen(host, isSilent ? 0 : forMs);
        return;
      case 'move':
        this.#world.history.doubt(SERVER, this.#world.clock.nowMs());
        this.#world.network.redirect(SERVER, OTHER_SERVER);
        this.#strikeLinks(SERVER, 'cut');
        this.#after(forMs, () => this.#world.network.redirect(SERVER, undefined));
        return;
      case 'brokenStore':
        this.#world.disks.break(host, isSilent ? { failSyncRate: 0.5 } : { failWriteRate: 0.5 });
        return;
      case 'hungStore':
        this.#world.disks.break(host, { hangRate: 0.5 });
        return;
      case 'slowStore':
        this.#world.disks.break(host, { writeMs: forMs / 2, syncMs: forMs / 2, readMs: forMs });
        return;
      case 'fullDisk':
        this.#world.disks.break(host, { isFull: true });
        this.#after(forMs, () => this.#world.disks.break(host, {}));
        return;
      default:
        this.#strikeLinks(host, kind);
    }
  }

  #jump(host: string, byMs: number): void {
    const { history, network, clock } = this.#world;
    history.jumped(host, clock.nowMs(), byMs);
    network.host(host).process.jumpWall(byMs);
  }

  /** At once, some events later, or in the middle of one. */
  #arm(incident: Incident): void {
    const { after, host } = incident;
    if (after === undefined) this.#crash(incident);
    else if ('events' in after) this.#armed.push({ incident, events: after.events });
    else {
      const { process } = this.#world.network.host(host);
      let writes = after.writes;
      process.onWrite = () => {
        if (writes-- > 0) return;
        process.onWrite = () => {};
        this.#world.count('crash in the middle of a turn');
        this.#crash(incident);
      };
    }
  }

  /** Nothing goes wrong any more. */
  #disarm(): void {
    this.#armed.length = 0;
    const hosts = [...this.#clients.keys(), ...this.#servers.map(({ host }) => host)];
    for (const host of hosts) this.#world.network.host(host).process.onWrite = () => {};
  }

  #countEvent(): void {
    for (const one of this.#armed) if (--one.events === 0) this.#crash(one.incident);
    const isOver = this.#armed.findIndex(({ events }) => events <= 0);
    if (isOver >= 0) this.#armed.splice(isOver, 1);
  }

  #crash(incident: Incident): void {
    const { host, forMs, isSilent } = incident;
    const site = this.#siteOf(host);
    if (site?.isUp !== true) return;
    const how = isSilent ? 'vanished' : 'killed';
    this.#world.disks.audit(host);
    const fate = fateOf(incident);
    site.crash(how);
    const { history, clock } = this.#world;
    history.copies.ended(host, clock.nowMs());
    this.#world.disks.crash(host, how, fate);
    this.#world.count(`disk ${fate}`);
    this.#startsAhead += 1;
    this.#after(forMs, () => {
      this.#startsAhead -= 1;
      site.start();
    });
  }

  #clone(host: string): void {
    const name = cloneOf(host);
    if (host === SERVER || this.#clients.has(name) || !this.#world.disks.clone(host, name)) return;
    this.#world.history.doubt(host, this.#world.clock.nowMs());
    const clone = new SimulatedClient(this.#world, name);
    this.#clients.set(name, clone);
    clone.start();
  }

  async #reopen(host: string, drainMs: number): Promise<void> {
    const site = this.#siteOf(host);
    if (site?.isUp !== true) return;
    this.#startsAhead += 1;
    await site.close(drainMs);
    this.#startsAhead -= 1;
    if (!site.isUp) site.start();
  }

  #strikeLinks(host: string, kind: 'cut' | 'reset' | 'blackHole'): void {
    for (const link of this.#world.network.links) {
      const isItsOwn = [link.dialler.remoteHost, link.acceptor.remoteHost].includes(host);
      if (link.isOver || !isItsOwn) continue;
      if (kind === 'blackHole') link.blackHole('both');
      else link[kind]();
    }
  }

  /** A client that gave up, or was closed, stays so: what it had is settled. */
  #countDown(host: string): void {
    this.#world.count(`down at the end: ${host}`);
  }

  async #closeAll(): Promise<void> {
    const { clock, judge, network } = this.#world;
    let isClosed = false;
    const sites = [...this.#clients.values(), ...this.#servers];
    void Promise.all(sites.map((site) => site.close(0))).then(() => (isClosed = true));
    const hasClosed = await this.#run(clock.nowMs() + CLOSING_MS, () => isClosed);
    if (!hasClosed) judge.blame(clock.nowMs(), 'progress', 'closing does not come to an end');
    await this.#run(clock.nowMs() + CLOSING_MS);
    for (const { host } of sites) {
      const { pending } = network.host(host).process;
      if (pending > 0)
        judge.blame(clock.nowMs(), 'bounded', `${host} has left ${String(pending)} timers`);
    }
  }

  async #run(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    return this.#world.clock.run(untilMs, () => {
      this.#steps += 1;
      if (this.#armed.length > 0) this.#countEvent();
      if (this.#steps > EVENTS_MAX) throw new Error(`${String(EVENTS_MAX)} events, and no end`);
      return isDone();
    });
  }

  #after(ms: number, run: () => void): void {
    const { clock } = this.#world;
    clock.schedule(clock.nowMs() + ms, run);
  }

  #watchRejections(): () => void {
    const { judge, clock } = this.#world;
    const blame = (reason: unknown): void => {
      const what = reason instanceof Error ? String(reason.stack) : String(reason);
      judge.blame(clock.nowMs(), 'no crash', `unhandled rejection: ${what}`);
    };
    process.on('unhandledRejection', blame);
    return () => {
      process.off('unhandledRejection', blame);
    };
  }

  #result(): SimulationResult {
    const { trace, judge, counts, history, clock } = this.#world;
    for (const [fault, count] of this.#world.faultCounts()) counts.set(`fault ${fault}`, count);
    return {
      seed: this.#plan.seed,
      violations: judge.violations,
      hash: trace.hash,
      counts,
      messages: history.entries.size,
      lines: trace.lines,
      hosts: [...this.#plan.clients, SERVER],
      endedAtMs: clock.nowMs(),
    };
  }
}

/** What becomes of the disk of a host that dies. */
function fateOf({ kind, isKept, forMs }: Incident): DiskFate {
  if (kind === 'restore') return isKept ? 'restored' : 'restoredAlone';
  if (kind !== 'damage') return isKept ? 'kept' : 'wiped';
  return DAMAGES[Math.floor(forMs) % DAMAGES.length] ?? 'flippedBit';
}

const DAMAGES = ['flippedBit', 'lostMiddle', 'lostTail'] as const;
