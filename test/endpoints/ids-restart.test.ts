import { connect, defineMessage, type Client } from '@wilco/client';
import { listen, type Server } from '@wilco/server';
import {
  FaultyStore,
  PERFECT_LINK,
  SeededRandom,
  VirtualClock,
  VirtualNetwork,
} from '@wilco/testkit';
import { expect, test } from 'vitest';

const Order = defineMessage<string, string>('order');
const PORT = 7411;
const AN_ORDER = { id: 'order 1' };

/** What a handler was told about its message. */
interface Start {
  readonly isRedelivered: boolean;
  readonly attempt: number;
}

/** A server with a store, whose clients have one identity; its handlers hang at first. */
class Restarting {
  readonly clock = new VirtualClock();
  readonly #random = new SeededRandom(7);
  readonly #network = new VirtualNetwork({
    clock: this.clock,
    random: this.#random,
    faultsFor: () => PERFECT_LINK,
    isReliable: true,
  });
  readonly starts: Start[] = [];
  doesHang = true;
  #store = new FaultyStore({
    ...{ clock: this.clock, random: this.#random, storeId: 'disk', worth: 'synced' },
    head: { maxMessages: 100 },
  });
  #server: Server | undefined;
  #runs = 0;

  get sessionCount(): number {
    return this.#server?.sessions.length ?? 0;
  }

  async start(): Promise<void> {
    const host = this.#network.host('server');
    const opening = listen({
      ...{ port: PORT, transport: host.transport(), clock: host.clock, store: this.#store },
      random: this.#random.split(`server ${String(this.#runs++)}`),
      authenticate: () => ({ identity: 'ada' }),
      resumeWindowMs: 5_000,
    });
    await this.run(1);
    this.#server = await opening;
    this.#server.handle(Order, async (body, { isRedelivered, attempt }) => {
      this.starts.push({ isRedelivered, attempt });
      if (this.doesHang) await new Promise(() => {});
      return `${body} done`;
    });
  }

  /** The process of the server is killed, and another one finds what its store had kept. */
  async restart(): Promise<void> {
    this.#network.host('server').crash('killed');
    this.#store = this.#store.crash();
    await this.start();
  }

  dial(name: string): Client {
    const host = this.#network.host(name);
    return connect({
      ...{ host: 'server', port: PORT, transport: host.transport(), clock: host.clock },
      random: this.#random.split(name),
    });
  }

  /** A client sends the order, and is gone for good once a handler runs: its session ends. */
  async sendAndVanish(name: string, afterMs = 100): Promise<void> {
    const before = this.starts.length;
    this.dial(name).send(Order, 'tea', AN_ORDER);
    await this.until(() => this.starts.length > before);
    this.#network.host(name).crash('killed');
    await this.until(() => this.sessionCount === 0);
    // After a while its store has let go of it, too.
    await this.run(afterMs);
  }

  /** Another client of the same identity sends the order, and waits for its end. */
  async sendAgain(name: string, body = 'tea'): Promise<unknown> {
    const receipt = this.dial(name).send(Order, body, AN_ORDER);
    await this.until(() => receipt.outcome !== undefined);
    return receipt.outcome;
  }

  async run(forMs: number): Promise<void> {
    await this.clock.run(this.clock.nowMs() + forMs);
  }

  async until(isSo: () => boolean): Promise<void> {
    if (!(await this.clock.run(this.clock.nowMs() + 120_000, isSo))) {
      throw new Error(`not so: ${String(isSo)}`);
    }
  }
}

/** A server that was killed while a handler ran whose session was over. */
async function killedMeanwhile(): Promise<Restarting> {
  const pair = new Restarting();
  await pair.start();
  await pair.sendAndVanish('first');
  await pair.restart();
  return pair;
}

test('an id whose handler was killed after its session is handled again with the mark', async () => {
  const pair = await killedMeanwhile();
  pair.doesHang = false;
  expect(await pair.sendAgain('second')).toMatchObject({ reply: 'tea done' });
  expect(pair.starts).toEqual([
    { isRedelivered: false, attempt: 1 },
    { isRedelivered: true, attempt: 2 },
  ]);
  expect(await pair.sendAgain('third')).toMatchObject({ reply: 'tea done' });
  expect(pair.starts).toHaveLength(2);
});

test('and so it is where the server is killed once more before', async () => {
  const pair = await killedMeanwhile();
  await pair.restart();
  pair.doesHang = false;
  await pair.sendAgain('second');
  expect(pair.starts.at(-1)).toEqual({ isRedelivered: true, attempt: 2 });
});

test('and again where that handler is killed after its session, too', async () => {
  const pair = await killedMeanwhile();
  await pair.sendAndVanish('second');
  await pair.restart();
  pair.doesHang = false;
  await pair.sendAgain('third');
  expect(pair.starts.map(({ isRedelivered }) => isRedelivered)).toEqual([false, true, true]);
});

test('an id whose handler was killed after its session is held to its body', async () => {
  const pair = await killedMeanwhile();
  expect(await pair.sendAgain('second', 'coffee')).toMatchObject({ code: 'WILCO_ID_REUSED' });
});

test('a session whose end was not kept before the kill leaves its id with the mark as well', async () => {
  const pair = new Restarting();
  await pair.start();
  await pair.sendAndVanish('first', 0);
  await pair.restart();
  // Its resume window passes once more.
  await pair.until(() => pair.sessionCount === 0);
  pair.doesHang = false;
  await pair.sendAgain('second');
  expect(pair.starts.at(-1)).toEqual({ isRedelivered: true, attempt: 2 });
});
