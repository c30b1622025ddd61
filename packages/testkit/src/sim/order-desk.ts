import type { Client } from '@wilco/client';
import { Rejection, WilcoError } from '@wilco/protocol';
import type { Clock, SessionHandle } from '@wilco/endpoint';
import type { VirtualProcess } from '../virtual-process.ts';
import type { HandlerSite } from './application.ts';
import type { OrderGroup, OrderOutcome, OrderSend, OrderStart } from './order-book.ts';
import { nameOf, ORDER, orderBytes, readOrder, replyOf } from './order-content.ts';
import type { PlannedOrder } from './order-plan.ts';
import { wrongEnd, wrongStart, wrongStatus, type OrderRuleSetting } from './order-rules.ts';
import { OTHER_SERVER, SERVER } from './plan.ts';
import type { SimulatedWorld } from './simulated-world.ts';

type Receipts = Pick<Client, 'receiptOf' | 'release'>;
type Asker = Pick<SessionHandle, 'send' | 'status'>;

/** Longer than a run: the answer comes, or the process or its session ends. */
const WAIT_MS = 60_000;

/**
 * What one process does with messages under ids: sends those of the plan, asks what became of
 * them, looks at kept receipts, handles what comes, and has each judged at once.
 */
export class OrderDesk {
  readonly #world: SimulatedWorld;
  readonly #host: string;
  readonly #run: number;
  readonly #process: VirtualProcess;
  readonly #clock: Clock;

  constructor(world: SimulatedWorld, host: string, run: number) {
    this.#world = world;
    this.#host = host;
    this.#run = run;
    this.#process = world.network.host(host).process;
    this.#clock = this.#process.clock;
    world.history.began(host, world.clock.nowMs());
  }

  serve(site: HandlerSite): void {
    site.handle(ORDER, (body, context) => {
      const start = this.#begin(body);
      if (start === undefined) return undefined;
      context.signal.addEventListener('abort', () => {
        const { reason } = context.signal as { readonly reason: unknown };
        start.isOverrun ||= WilcoError.is(reason) && reason.code === 'WILCO_HANDLER_TIMEOUT';
      });
      return this.#conduct(start, readOrder(body));
    });
  }

  /** Sends an order of the plan, if it is taken. */
  send(handle: Asker & Partial<Receipts>, order: PlannedOrder): void {
    if (!this.#process.isAlive) return;
    const { orders } = this.#world;
    const { from, to, id, variant, isKept } = order;
    let receipt;
    try {
      receipt = handle.send(ORDER, orderBytes(from, to, id, variant), {
        id: nameOf(order),
        ...(isKept && { keepReceipt: true }),
      });
    } catch (error) {
      this.#say(`can not send ${label(order)}: ${String(error)}`);
      return;
    }
    const send = orders.sent(order, this.#run, this.#clock.nowMs());
    this.#say(`sends ${label(order)}`);
    const queued = (): void => {
      if (!this.#process.isAlive) return;
      send.isQueued = true;
      send.queuedAtMs = this.#clock.nowMs();
    };
    receipt.queued.then(queued, () => {});
    void receipt.settled.then((outcome) => this.#settled(handle, send, outcome));
  }

  /** Asks what became of a message. */
  ask(handle: Asker, order: PlannedOrder): void {
    if (!this.#process.isAlive) return;
    const askedAtMs = this.#clock.nowMs();
    const group = this.#world.orders.group(order.from, order.to, order.id);
    handle.status(nameOf(order), { waitMs: WAIT_MS }).then(
      ({ status, reason }) => {
        if (!this.#process.isAlive) return;
        this.#say(`is told that ${nameOf(order)} is ${status} ${reason}`);
        this.#world.count(`status ${status}`);
        // Which server answers, nobody knows here, where there are two.
        if (this.#isAmbiguous(group)) return;
        const wrong = wrongStatus(group, status, askedAtMs, this.#settingOf(group));
        this.#blame('honesty', group, wrong, `its peer says that it is ${status}`);
      },
      () => {},
    );
  }

  /**
   * Looks at the receipts that are to be kept.
   *
   * @param isAtRest - Nothing of this client is under way: each has its end.
   */
  look(receipts: Receipts, isAtRest: boolean): void {
    if (!this.#process.isAlive) return;
    for (const group of this.#world.orders.groups) {
      const [send] = group.sends;
      if (send?.order.isKept !== true || group.from !== this.#host) continue;
      this.#lookAt(receipts, group, send, isAtRest);
    }
  }

  #lookAt(receipts: Receipts, group: OrderGroup, send: OrderSend, isAtRest: boolean): void {
    const found = receipts.receiptOf(nameOf(send.order), ORDER);
    this.#world.count(`kept receipt ${found?.outcome?.status ?? 'open'}`);
    const isOfThisRun = send.run === this.#run;
    if (send.releasedIn !== undefined) {
      const isBack = found !== undefined && send.releasedIn === this.#run;
      this.#blame('honesty', group, isBack ? 'it was released' : undefined, 'its receipt is kept');
      return;
    }
    const isPromised = isOfThisRun || this.#isPromised(send);
    const wrong = wrongKeeping(send, found, { isPromised, isOfThisRun, isAtRest });
    this.#blame('durability', group, wrong, 'its receipt was to be kept until it is released');
    if (found?.outcome !== undefined) this.#judgeEnd(group, send, found.outcome, 'kept as');
  }

  /** It was told as queued, on a disk that has lost nothing since. */
  #isPromised({ isQueued, queuedAtMs }: OrderSend): boolean {
    const { disks } = this.#world;
    return isQueued && disks.has(this.#host) && queuedAtMs > disks.faithfulSinceMs(this.#host);
  }

  #settled(handle: Partial<Receipts>, send: OrderSend, outcome: OrderOutcome): void {
    if (!this.#process.isAlive || send.isOrphaned) return;
    const { orders } = this.#world;
    const { order } = send;
    orders.close(send);
    if (outcome.status === 'left') {
      send.isOrphaned = true;
      return;
    }
    send.outcome = outcome;
    send.settledAtMs = this.#clock.nowMs();
    const code = 'code' in outcome ? ` ${outcome.code}` : '';
    this.#say(`is told that ${label(order)} is ${outcome.status}${code}`);
    this.#world.count(`order ${outcome.status}${code}`);
    this.#judgeEnd(orders.group(order.from, order.to, order.id), send, outcome, 'said to be');
    if (order.releaseAfterMs === undefined) return;
    this.#process.post(this.#clock.nowMs() + order.releaseAfterMs, () => {
      send.releasedIn = this.#run;
      handle.release?.(nameOf(order));
    });
  }

  #judgeEnd(group: OrderGroup, send: OrderSend, outcome: OrderOutcome, how: string): void {
    const wrong = wrongEnd(group, send, outcome, this.#settingOf(group));
    this.#blame('honesty', group, wrong, `it is ${how} ${JSON.stringify(outcome)}`);
  }

  #begin(body: Uint8Array): OrderStart | undefined {
    if (!this.#process.isAlive) return undefined;
    const { id, variant, client } = readOrder(body);
    const isAtServer = this.#host === SERVER || this.#host === OTHER_SERVER;
    const group = isAtServer
      ? this.#world.orders.group(client, SERVER, id)
      : this.#world.orders.group(SERVER, client, id);
    const start: OrderStart = {
      atMs: this.#clock.nowMs(),
      host: this.#host,
      run: this.#run,
      variant,
      number: group.starts.length + 1,
      ended: undefined,
      endedAtMs: Infinity,
      isOverrun: false,
    };
    this.#say(`handles ${nameOf(group)}, variant ${String(variant)}`);
    const wrong = wrongStart(group, start, this.#settingOf(group));
    this.#blame('no duplicate', group, wrong, 'a handler starts on it');
    group.starts.push(start);
    return start;
  }

  #conduct(
    start: OrderStart,
    { id, client }: ReturnType<typeof readOrder>,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const { plan } = this.#world;
    const order = plan.orders.find((one) => one.id === id && [one.from, one.to].includes(client));
    const { kind = 'handle', takesMs = 0 } = order ?? {};
    if (takesMs === 0) return this.#finish(start, kind);
    return new Promise<void>((resolve) => {
      this.#process.post(this.#clock.nowMs() + takesMs, resolve);
    }).then(() => this.#finish(start, kind));
  }

  #finish(start: OrderStart, kind: PlannedOrder['kind']): Uint8Array | undefined {
    const ends = { handle: 'done', reply: 'replied', reject: 'rejected', throw: 'threw' } as const;
    start.ended = ends[kind];
    start.endedAtMs = this.#clock.nowMs();
    if (kind === 'reject') {
      throw new Rejection('SIM_REFUSED', 'as planned', { isRetryable: false });
    }
    if (kind === 'throw') throw new Error('as planned');
    return kind === 'reply' ? replyOf(start.variant, start.number) : undefined;
  }

  #isAmbiguous({ from, to }: OrderGroup): boolean {
    const { plan, history } = this.#world;
    return (
      plan.incidents.some(({ kind }) => kind === 'move') ||
      history.copies.hasClone(from) ||
      history.copies.hasClone(to)
    );
  }

  #settingOf({ from, to }: OrderGroup): OrderRuleSetting {
    const { disks, history } = this.#world;
    const { handlerTimeoutMs = 0, handlerGraceMs = 0 } = this.#world.optionsOf(to);
    const atMs = this.#clock.nowMs();
    return {
      atMs,
      remembersSinceMs: disks.has(to) ? disks.faithfulSinceMs(to) : history.beganAtMs(to),
      receiverBeganAtMs: history.beganAtMs(to),
      handlerMs: handlerTimeoutMs + handlerGraceMs,
      isUsedElsewhere: history.copies.mayBeUsedElsewhere(from, atMs),
    };
  }

  #blame(
    invariant: 'honesty' | 'no duplicate' | 'durability',
    group: OrderGroup,
    wrong: string | undefined,
    what: string,
  ): void {
    if (wrong === undefined) return;
    this.#world.judge.blame(
      this.#clock.nowMs(),
      invariant,
      `${nameOf(group)}: ${what}, but ${wrong}`,
    );
  }

  #say(what: string): void {
    this.#world.say(this.#host, what);
  }
}

/** What is wrong with a receipt that is kept, or is not there, beside its truth. */
function wrongKeeping(
  { outcome: told }: OrderSend,
  found: { readonly outcome: OrderOutcome | undefined } | undefined,
  is: { readonly isPromised: boolean; readonly isOfThisRun: boolean; readonly isAtRest: boolean },
): string | undefined {
  if (found === undefined) return is.isPromised ? 'it is gone' : undefined;
  const { outcome } = found;
  if (is.isOfThisRun && told !== undefined && told.status !== outcome?.status) {
    return `it says ${outcome?.status ?? 'nothing'}, and ${told.status} was told`;
  }
  const isOver = is.isAtRest && is.isPromised;
  return isOver && outcome === undefined ? 'it has no end, though nothing is under way' : undefined;
}

function label(order: PlannedOrder): string {
  return `${nameOf(order)} (${String(order.index)}, variant ${String(order.variant)})`;
}
