import { Rejection, RetryLater, WilcoError } from '@wilco/protocol';
import type { Clock, HandleOptions, Handler, HandlerContext, SessionHandle } from '@wilco/endpoint';
import type { VirtualProcess } from '../virtual-process.ts';
import type { Entry, Start } from './history.ts';
import {
  contentOf,
  effectKey,
  indexOn,
  isSame,
  isTiny,
  LABELLED_TYPES,
  replyTo,
  typeOf,
  type ParcelType,
} from './parcel.ts';
import type { PlannedMessage } from './plan.ts';
import type { SimulatedWorld } from './simulated-world.ts';

/** Where handlers are registered: a client, or a server. */
export interface HandlerSite {
  handle(
    type: ParcelType,
    handler: Handler<Uint8Array, Uint8Array | undefined>,
    options?: HandleOptions,
  ): unknown;
}

/** Why a message may be refused where nothing is wrong. */
const MAY_BE_REFUSED: ReadonlySet<string> = new Set([
  'WILCO_CLOSED',
  'WILCO_OUTBOX_FULL',
  'WILCO_STORE_FULL',
]);

/**
 * What one process does with messages: sends those of the plan, handles what comes in as
 * the plan says, and tells the history. It never asks the tested code what happened.
 */
export class Application {
  readonly host: string;
  readonly run: number;
  readonly #world: SimulatedWorld;
  readonly #clock: Clock;
  readonly #process: VirtualProcess;

  constructor(world: SimulatedWorld, host: string, run: number) {
    this.#world = world;
    this.host = host;
    this.run = run;
    this.#process = world.network.host(host).process;
    this.#clock = this.#process.clock;
  }

  /** Registers a handler for every message that the plan has for this host. */
  serve(site: HandlerSite): void {
    const { plan } = this.#world;
    const options = { concurrency: plan.concurrency };
    for (const type of LABELLED_TYPES) {
      site.handle(type, (body, context) => this.#handle(indexOn(body), body, context), options);
    }
    for (const message of plan.messages) {
      if (!isTiny(message) || ['unknown', 'invalid'].includes(message.conduct.kind)) continue;
      const { index } = message;
      site.handle(typeOf(message), (body, context) => this.#handle(index, body, context), options);
    }
  }

  /** Sends a message of the plan, if it is taken. */
  send(handle: Pick<SessionHandle, 'send'>, message: PlannedMessage): void {
    if (!this.#process.isAlive) return;
    const { history } = this.#world;
    const controller = new AbortController();
    let receipt;
    try {
      receipt = handle.send(typeOf(message), contentOf(message), {
        channel: message.channel,
        whenFull: message.whenFull,
        ...(message.ttlMs !== undefined && { ttlMs: message.ttlMs }),
        ...(message.index % 2 === 0 && { signal: controller.signal }),
      });
    } catch (error) {
      history.refused += 1;
      this.#refused(message, error);
      return;
    }
    const entry = history.sent(message, this.run, this.#clock.nowMs(), receipt);
    this.#say(`sends ${label(message)}`);
    receipt.queued.then(() => this.#queued(entry), ignore);
    receipt.received.then(() => this.#received(entry), ignore);
    void receipt.settled.then((outcome) => this.#settled(entry, outcome));
    if (message.cancelAfterMs === undefined) return;
    this.#after(message.cancelAfterMs, () => {
      entry.isCancelled = true;
      if (entry.outcome === undefined) this.#say(`withdraws ${label(message)}`);
      if (message.index % 2 === 0) controller.abort();
      else receipt.cancel();
    });
  }

  /**
   * Looks for what earlier processes sent: every other one is asked how it ends, of the rest an
   * event tells.
   */
  async adopt(handle: Pick<SessionHandle, 'pending'>): Promise<void> {
    const { history, plan } = this.#world;
    for await (const { receipt } of handle.pending({ types: plan.messages.map(typeOf) })) {
      if (!this.#process.isAlive) return;
      const entry = history.adopt(this.host, this.run, receipt);
      if (entry === undefined) continue;
      this.#say(`finds ${label(entry.message)}`);
      this.#world.count('adopted');
      if (entry.message.index % 2 === 0) continue;
      void receipt.settled.then((outcome) => {
        this.#settled(entry, outcome as NonNullable<Entry['outcome']>);
      });
    }
  }

  /** An event tells that a message of an earlier process has ended: perhaps before it was found. */
  settledEarlier(id: string, outcome: NonNullable<Entry['outcome']>): void {
    // It died in the middle of a turn: what the rest of that does, nobody sees.
    if (!this.#process.isAlive) return;
    const { history } = this.#world;
    this.#world.count('event settled');
    const unfound = history.adopt(this.host, this.run, { id });
    if (unfound !== undefined) unfound.isReplyUnread = true;
    const entry = unfound ?? history.found(this.host, this.run, id);
    if (entry !== undefined) this.#settled(entry, outcome);
  }

  #refused({ index, bytes }: PlannedMessage, error: unknown): void {
    const code = WilcoError.is(error) ? error.code : String(error);
    this.#say(`can not send ${index}: ${code}`);
    if (MAY_BE_REFUSED.has(code)) return;
    const { outboxBytes = Infinity } = this.#world.optionsOf(this.host);
    if (code === 'WILCO_PAYLOAD_TOO_LARGE' && bytes > outboxBytes) return;
    this.#world.judge.blame(
      this.#clock.nowMs(),
      'no crash',
      `message ${index}: send threw ${code}`,
    );
  }

  #queued(entry: Entry): void {
    if (this.#process.isAlive) entry.isQueued = true;
  }

  #received(entry: Entry): void {
    if (!this.#process.isAlive) return;
    entry.isReceived = true;
    entry.receivedAtMs = this.#clock.nowMs();
    this.#say(`is told that ${entry.message.index} is received`);
  }

  #settled(entry: Entry, outcome: NonNullable<Entry['outcome']>): void {
    // It died in the middle of a turn: what the rest of that does, nobody sees.
    if (!this.#process.isAlive) return;
    // Its store keeps it, and the next run tells how it ends.
    if (outcome.status === 'left') return;
    const { history, judge } = this.#world;
    if (entry.outcome !== undefined) {
      judge.blame(
        this.#clock.nowMs(),
        'honesty',
        `message ${entry.message.index} is settled twice`,
      );
    }
    if (entry.isOrphaned) return;
    history.openCount -= 1;
    entry.outcome = outcome;
    entry.settledAtMs = this.#clock.nowMs();
    const code = 'code' in outcome ? ` ${outcome.code}` : '';
    this.#say(`is told that ${entry.message.index} is ${outcome.status}${code}`);
    this.#world.count(`outcome ${outcome.status}${code}`);
    judge.settles(entry);
  }

  #handle(
    index: number | undefined,
    body: Uint8Array,
    context: HandlerContext,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (!this.#process.isAlive) return new Promise(() => {});
    const { history, judge } = this.#world;
    const atMs = this.#clock.nowMs();
    const entry = index === undefined ? undefined : history.entries.get(index);
    if (entry === undefined) {
      judge.blame(atMs, 'integrity', `${this.host} handles something that nobody sent`);
      return undefined;
    }
    const { message } = entry;
    if (!isSame(body, contentOf(message)) || context.channel !== message.channel) {
      judge.blame(atMs, 'integrity', `message ${message.index} came damaged`);
    }
    const start: Start = {
      atMs,
      host: this.host,
      run: this.run,
      session: context.sessionId,
      isResent: context.isResent,
      isRedelivered: context.isRedelivered,
      attempt: context.attempt,
      hasEffect: false,
      ended: undefined,
      endedAtMs: Infinity,
      isAborted: false,
    };
    const marks = `${start.isResent ? ', resent' : ''}${start.isRedelivered ? ', redelivered' : ''}`;
    this.#say(`handles ${label(message)}${marks}`);
    judge.starts(entry, start, this.host);
    history.started(entry, start);
    context.signal.addEventListener('abort', () => (start.isAborted = true));
    return this.#conduct(entry, start, context);
  }

  /** Does what the plan says. Without anything to wait for it returns at once, as a plain function. */
  #conduct(
    entry: Entry,
    start: Start,
    context: HandlerContext,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const { conduct } = entry.message;
    const { signal } = context;
    if (isPutOff(entry)) {
      this.#end(entry, start, 'putOff');
      throw new RetryLater(conduct.putOffs * 50);
    }
    if (conduct.kind === 'hang') return new Promise(() => {});
    if (conduct.kind === 'yield') return this.#whenAborted(entry, start, signal);
    if (conduct.kind === 'late') return this.#tooLate(entry, start);
    if (conduct.takesMs === 0) return this.#finish(entry, start, context);
    return this.#wait(conduct.takesMs).then(() => this.#finish(entry, start, context));
  }

  async #whenAborted(entry: Entry, start: Start, signal: AbortSignal): Promise<undefined> {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
    this.#end(entry, start, 'done');
    return undefined;
  }

  async #tooLate(entry: Entry, start: Start): Promise<undefined> {
    const { handlerTimeoutMs = 0, handlerGraceMs = 0 } = this.#world.optionsOf(this.host);
    await this.#wait(handlerTimeoutMs + handlerGraceMs + 50);
    this.#end(entry, start, 'done');
    return undefined;
  }

  #finish(entry: Entry, start: Start, context: HandlerContext): Uint8Array | undefined {
    const { conduct } = entry.message;
    if (!start.isAborted) this.#commit(entry, start, context);
    switch (conduct.kind) {
      case 'reply':
        this.#end(entry, start, 'replied');
        return replyTo(entry.message);
      case 'mute':
        this.#end(entry, start, 'done');
        return new Uint8Array(1);
      case 'reject':
        this.#end(entry, start, 'rejected');
        throw new Rejection('SIM_REFUSED', 'as planned', { isRetryable: false });
      case 'throw':
        this.#end(entry, start, 'threw');
        throw new Error('as planned');
      default:
        this.#end(entry, start, 'done');
        return undefined;
    }
  }

  /** Writes that hold together with the message, or not at all. */
  #commit({ message }: Entry, start: Start, context: HandlerContext): void {
    const { disks, plan } = this.#world;
    if (!plan.hasEffects || !this.#process.isAlive || !disks.has(this.host)) return;
    start.hasEffect = true;
    context.commit([{ type: 'put', key: effectKey(message), value: Uint8Array.of(start.attempt) }]);
  }

  #end(entry: Entry, start: Start, how: NonNullable<Start['ended']>): void {
    if (!this.#process.isAlive) return;
    start.ended = how;
    start.endedAtMs = this.#clock.nowMs();
    this.#say(`has ${how} ${entry.message.index}`);
    this.#world.judge.ends(entry, start);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#after(ms, resolve);
    });
  }

  #after(ms: number, run: () => void): void {
    // Not a timer of the clock: those that are left at the end count as leaks.
    this.#process.post(this.#clock.nowMs() + ms, run);
  }

  #say(what: string): void {
    this.#world.say(this.host, what);
  }
}

/** Whether its handler says "not now" once more. */
function isPutOff({ message, starts }: Entry): boolean {
  return starts.filter(({ ended }) => ended === 'putOff').length < message.conduct.putOffs;
}

function label({ index, channel, bytes, conduct }: PlannedMessage): string {
  return `${index} (${channel}, ${bytes} B, ${conduct.kind})`;
}

function ignore(): void {}
