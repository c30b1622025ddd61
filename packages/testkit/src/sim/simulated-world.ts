import type { EndpointOptions } from '@wilco/endpoint';
import { drawLinkFaults, PERFECT_LINK } from '../link-faults.ts';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { VirtualNetwork } from '../virtual-network.ts';
import { originalOfClone } from './copies.ts';
import { Disks } from './disks.ts';
import { History } from './history.ts';
import { Judge } from './judge.ts';
import { OrderBook } from './order-book.ts';
import { OTHER_SERVER, SERVER, type Plan, type SideOptions } from './plan.ts';
import { Trace } from './trace.ts';
import { WireWatch } from './wire-watch.ts';

/** What a plan gives a host beside numbers. */
type EndpointExtras = Pick<EndpointOptions, 'log' | 'channels' | 'integrity'>;

/** Everything that the processes of one run share, and that none of them can lose. */
export class SimulatedWorld {
  readonly plan: Plan;
  readonly clock = new VirtualClock();
  readonly network: VirtualNetwork;
  readonly random: SeededRandom;
  readonly history = new History();
  /** What went under ids of applications. */
  readonly orders = new OrderBook();
  readonly judge: Judge;
  readonly trace: Trace;
  /** How often each thing happened, for the table of coverage. */
  readonly counts = new Map<string, number>();
  /** They outlive the processes. */
  readonly disks: Disks;

  /** @param keepsTrace - Whether somebody is going to read the trace. */
  constructor(plan: Plan, keepsTrace: boolean) {
    this.plan = plan;
    this.random = new SeededRandom(`run ${String(plan.seed)}`);
    this.judge = new Judge(plan, this.history);
    this.trace = new Trace(keepsTrace);
    const { clock, random, history, judge } = this;
    this.disks = new Disks({
      plan,
      clock,
      random,
      history,
      judge,
      count: (what) => this.count(what),
    });
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

  /** From now on nothing is wrong any more; what happened stays as it is. */
  becomeQuiet(): void {
    this.network.heal();
    this.network.redirect(SERVER, undefined);
    this.disks.becomeQuiet();
    this.say('world', 'becomes quiet');
  }

  /** Counts of everything that was done to the run. */
  faultCounts(): Map<string, number> {
    const counts = new Map(Object.entries<number>(this.network.counts));
    for (const [fault, count] of this.disks.counts()) counts.set(fault, count);
    return counts;
  }
}

/** The host whose options and place another one has. */
export function originalOf(host: string): string {
  return host === OTHER_SERVER ? SERVER : originalOfClone(host);
}
