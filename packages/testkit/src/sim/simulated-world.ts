import type { EndpointOptions } from '@wilco/endpoint';
import type { Store } from '@wilco/store';
import { FaultyStore, STORE_FAULTS, type StoreFaults } from '../faulty-store.ts';
import { drawLinkFaults, PERFECT_LINK } from '../link-faults.ts';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { VirtualNetwork } from '../virtual-network.ts';
import { originalOfClone } from './copies.ts';
import { History } from './history.ts';
import { Judge } from './judge.ts';
import { OTHER_SERVER, SERVER, type Plan, type SideOptions } from './plan.ts';
import { Trace } from './trace.ts';
import { WireWatch } from './wire-watch.ts';

/** What a plan gives a host beside numbers. */
type EndpointExtras = Pick<EndpointOptions, 'log' | 'channels' | 'integrity'>;

/** A copy of a disk, for those who are going to be set back to it. */
interface Backup {
  readonly store: FaultyStore;
  readonly takenAtMs: number;
  readonly hadSession: boolean;
}

/** Everything that the processes of one run share, and that none of them can lose. */
export class SimulatedWorld {
  readonly plan: Plan;
  readonly clock = new VirtualClock();
  readonly network: VirtualNetwork;
  readonly random: SeededRandom;
  readonly history = new History();
  readonly judge: Judge;
  readonly trace: Trace;
  /** How often each thing happened, for the table of coverage. */
  readonly counts = new Map<string, number>();
  /** The disks, by host: they outlive the processes. */
  readonly #stores = new Map<string, FaultyStore>();
  readonly #backups = new Map<string, Backup>();
  #nextDisk = 1;
  #isQuiet = false;

  /** @param keepsTrace - Whether somebody is going to read the trace. */
  constructor(plan: Plan, keepsTrace: boolean) {
    this.plan = plan;
    this.random = new SeededRandom(`run ${String(plan.seed)}`);
    this.judge = new Judge(plan, this.history);
    this.trace = new Trace(keepsTrace);
    const wire = keepsTrace ? new WireWatch(this.trace, this.clock) : undefined;
    this.network = new VirtualNetwork({
      clock: this.clock,
      random: this.random.split('network'),
      isReliable: plan.isReliable,
      faultsFor: ({ number }) =>
        number < plan.faultyLinks
          ? drawLinkFaults(this.random.split(`faults ${String(number)}`), plan.network)
          : PERFECT_LINK,
      ...(wire !== undefined && { observer: wire }),
    });
  }

  /** The options of a host; a clone has those of its original. */
  optionsOf(host: string): SideOptions {
    return this.plan.options[originalOf(host)] ?? {};
  }

  /** What a host has beside its numbers: a log, an integrity of its own, limits of channels. */
  extrasOf(host: string): EndpointExtras {
    const { logged, unchecked, channelConcurrency: concurrency, messages } = this.plan;
    const original = originalOf(host);
    const names = [...new Set(messages.map(({ channel }) => channel))];
    const log = (): never => {
      this.count('log entry');
      throw new Error('nobody reads it');
    };
    return {
      ...(logged.includes(original) && { log }),
      ...(unchecked.includes(original) && { integrity: 'endToEnd' as const }),
      channels: Object.fromEntries(names.map((name) => [name, { concurrency }])),
    };
  }

  say(host: string, what: string): void {
    this.trace.add(this.clock.nowMs(), host, what);
  }

  /** A connection of a host ended, as its own endpoint says. */
  connectionEnded(host: string, code: string): void {
    const { eatenFrame, corruptByte } = this.network.counts;
    this.judge.ended(this.clock.nowMs(), host, code, eatenFrame + corruptByte);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** The disk of a host; `undefined` where it keeps nothing. */
  storeOf(host: string): Store | undefined {
    if (!this.plan.durable.includes(originalOf(host)) && !this.#stores.has(host)) return undefined;
    let store = this.#stores.get(host);
    if (store === undefined) {
      store = new FaultyStore({
        clock: this.clock,
        random: this.random.split(`store ${host}`),
        storeId: this.#newDisk(host),
        worth: 'synced',
        faults: this.random.split(`disk ${host}`).chance(0.5) ? { commitMs: 30, openMs: 20 } : {},
      });
      this.#stores.set(host, store);
      this.#backUp(host, store);
    }
    return store;
  }

  /** What is wrong with the disk of a host from now on. */
  breakStore(host: string, faults: StoreFaults): void {
    const store = this.#stores.get(host);
    if (store !== undefined && !this.#isQuiet) store.faults = faults;
  }

  /** Keeps a copy of each disk, for those who are going to be set back to it. */
  backUp(): void {
    for (const [host, store] of this.#stores) this.#backUp(host, store);
  }

  #backUp(host: string, store: FaultyStore): void {
    const hadSession = host === SERVER || this.history.isOnline(host);
    const takenAtMs = this.clock.nowMs();
    this.#backups.set(host, { store: store.clone(), takenAtMs, hadSession });
  }

  /** The process of a host died: what becomes of its disk. */
  crashStore(host: string, run: number, fate: 'kept' | 'wiped' | 'restored'): void {
    const store = this.#stores.get(host);
    if (store === undefined) return;
    const backup = this.#backups.get(host);
    const heir = store.crash();
    const hasLost = heir.counts.lostCommit > store.counts.lostCommit || store.hasFailed;
    if (hasLost || fate !== 'restored') this.history.forgetful.add(`${host} ${String(run)}`);
    if (fate === 'kept') this.#replace(host, heir);
    else if (fate === 'wiped') this.#replace(host, heir.wipe(this.#newDisk(host)));
    else if (backup !== undefined) {
      this.history.copies.setBack({ ...backup, host, endedAtMs: this.clock.nowMs() });
      this.#replace(host, backup.store.clone());
    }
  }

  /** Another host gets a copy of a disk. `false`: there is nothing to copy. */
  cloneStore(from: string, to: string): boolean {
    const store = this.#stores.get(from);
    if (store === undefined) return false;
    this.#stores.set(to, store.clone());
    const hadSession = this.history.isOnline(from);
    this.history.copies.cloned(from, { atMs: this.clock.nowMs(), hadSession });
    return true;
  }

  /** From now on nothing is wrong any more; what happened stays as it is. */
  becomeQuiet(): void {
    this.#isQuiet = true;
    this.network.heal();
    this.network.redirect(SERVER, undefined);
    for (const store of this.#stores.values()) store.faults = {};
    this.say('world', 'becomes quiet');
  }

  /** Counts of everything that was done to the run. */
  faultCounts(): Map<string, number> {
    const counts = new Map(Object.entries<number>(this.network.counts));
    for (const fault of STORE_FAULTS) {
      let sum = 0;
      for (const store of this.#stores.values()) sum += store.counts[fault];
      counts.set(fault, sum);
    }
    return counts;
  }

  #replace(host: string, store: FaultyStore): void {
    store.faults = this.#isQuiet ? {} : { commitMs: 5 };
    this.#stores.set(host, store);
  }

  #newDisk(host: string): string {
    return `${host} disk ${String(this.#nextDisk++)}`;
  }
}

/** The host whose options and place another one has. */
export function originalOf(host: string): string {
  return host === OTHER_SERVER ? SERVER : originalOfClone(host);
}
