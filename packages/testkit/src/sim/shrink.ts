import type { Plan } from './plan.ts';
import { simulate, type SimulationResult } from './simulation.ts';

/** A smaller plan that still goes wrong. */
export interface Shrunk {
  readonly plan: Plan;
  readonly result: SimulationResult;
  /** How many runs it took. */
  readonly runs: number;
}

/**
 * Takes away from a plan whatever is not needed for it to go wrong in the same way:
 * messages, incidents, faulty links, clients, faults, features of messages.
 *
 * @param runsMax - Gives up after so many runs.
 */
export async function shrink(plan: Plan, invariant: string, runsMax = 300): Promise<Shrunk> {
  const shrinker = new Shrinker(plan, invariant, runsMax);
  return shrinker.shrink();
}

class Shrinker {
  readonly #invariant: string;
  readonly #runsMax: number;
  #plan: Plan;
  #runs = 0;

  constructor(plan: Plan, invariant: string, runsMax: number) {
    this.#plan = plan;
    this.#invariant = invariant;
    this.#runsMax = runsMax;
  }

  async shrink(): Promise<Shrunk> {
    for (let size = Infinity; this.#sizeOf() < size && this.#runs < this.#runsMax;) {
      size = this.#sizeOf();
      await this.#dropSome('messages');
      await this.#dropSome('orders');
      await this.#dropSome('incidents');
      await this.#tryWith({ audits: [] });
      await this.#tryWith({ faultyLinks: 0 });
      await this.#dropFaultyLinks();
      await this.#dropClients();
      await this.#simplify();
    }
    return {
      plan: this.#plan,
      result: await simulate(this.#plan, { keepsTrace: true }),
      runs: this.#runs,
    };
  }

  #sizeOf(): number {
    const { messages, orders, incidents, clients, durable, faultyLinks } = this.#plan;
    const links = Math.min(faultyLinks, 1_000);
    const features =
      JSON.stringify([messages, orders]).length + JSON.stringify(this.#plan.options).length;
    return features + 100 * (incidents.length + clients.length + durable.length) + links;
  }

  /** Tries to leave out halves, then quarters, and so on to single items. */
  async #dropSome(field: 'messages' | 'orders' | 'incidents'): Promise<void> {
    for (
      let size = Math.ceil(this.#plan[field].length / 2);
      size >= 1;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let from = 0; from < this.#plan[field].length;) {
        const items = this.#plan[field].filter((_, index) => index < from || index >= from + size);
        if (!(await this.#tryWith({ [field]: items }))) from += size;
      }
    }
  }

  async #dropFaultyLinks(): Promise<void> {
    for (const faultyLinks of [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 40]) {
      if (faultyLinks >= this.#plan.faultyLinks) return;
      if (await this.#tryWith({ faultyLinks })) return;
    }
  }

  async #dropClients(): Promise<void> {
    for (const client of this.#plan.clients) {
      const clients = this.#plan.clients.filter((name) => name !== client);
      const messages = this.#plan.messages.filter(
        ({ from, to }) => from !== client && to !== client,
      );
      const orders = this.#plan.orders.filter(({ from, to }) => from !== client && to !== client);
      if (clients.length > 0) await this.#tryWith({ clients, messages, orders });
    }
  }

  async #simplify(): Promise<void> {
    await this.#tryWith({ durable: [] });
    for (const host of this.#plan.durable) {
      await this.#tryWith({ durable: this.#plan.durable.filter((name) => name !== host) });
    }
    await this.#tryWith({ network: { ...this.#plan.network, faultRate: 0 } });
    await this.#tryWith({ network: { ...this.#plan.network, fateRate: 0 } });
    await this.#tryWith({ concurrency: 1 });
    await this.#tryWith({ channelConcurrency: 1_024 });
    await this.#tryWith({ lazy: [] });
    await this.#tryWith({ logged: [] });
    await this.#tryWith({ unchecked: [] });
    await this.#tryWith({ authenticationMs: 0 });
    await this.#simplifyMessages();
  }

  async #simplifyMessages(): Promise<void> {
    const plain = { kind: 'handle', takesMs: 0, replyBytes: 16, putOffs: 0 } as const;
    const changes = [
      { conduct: plain },
      { ttlMs: undefined },
      { cancelAfterMs: undefined },
      { bytes: 16 },
      { channel: 'default' },
    ];
    for (const change of changes) {
      const all = this.#plan.messages.map((message) => ({ ...message, ...change }));
      if (await this.#tryWith({ messages: all })) continue;
      if (this.#plan.messages.length > 20) continue;
      for (const [place, message] of this.#plan.messages.entries()) {
        await this.#tryWith({
          messages: this.#plan.messages.with(place, { ...message, ...change }),
        });
      }
    }
  }

  /** Keeps a change when the plan still goes wrong with it. */
  async #tryWith(change: Partial<Plan>): Promise<boolean> {
    if (this.#runs >= this.#runsMax) return false;
    const plan = { ...this.#plan, ...change };
    if (JSON.stringify(plan) === JSON.stringify(this.#plan)) return false;
    this.#runs += 1;
    const { violations } = await simulate(plan);
    if (!violations.some(({ invariant }) => invariant === this.#invariant)) return false;
    this.#plan = plan;
    return true;
  }
}
