/** What the simulator once found, as short stories. */
import { describe, expect, test } from 'vitest';
import { connect, defineMessage, type Client, type ClientOptions } from '@wilco/client';
import { listen, type ServerOptions } from '@wilco/server';
import {
  drawPlan,
  FaultyStore,
  SeededRandom,
  simulate,
  VirtualClock,
  VirtualNetwork,
} from '@wilco/testkit';

const Order = defineMessage<number, number>('order');

test('a session whose resume window ends while its server drains is not found again by the next run', async () => {
  const { violations } = await simulate({ ...drawPlan(3_007_814), orders: [] });
  expect(violations).toEqual([]);
});

test('what was told as given back is not sent again by a run that came back', async () => {
  const { violations } = await simulate({ ...drawPlan(44_751_454), orders: [] });
  expect(violations).toEqual([]);
});

test('a start that was marked, and did not come before its process was killed, counts as an attempt', async () => {
  const { violations } = await simulate({ ...drawPlan(2_004_823), orders: [] });
  expect(violations).toEqual([]);
});

test('a client that was set back and starts twice before it comes back is found out', async () => {
  const { violations } = await simulate({ ...drawPlan(872_227), orders: [] });
  expect(violations).toEqual([]);
});

test('a client that was set back does not take the word about a session that has ended for its own', async () => {
  const { violations } = await simulate(drawPlan(6_503_945));
  expect(violations).toEqual([]);
});

test('what a sender that was killed may have written keeps its place in the window once it is in doubt', async () => {
  const { violations } = await simulate(drawPlan(216_120_269));
  expect(violations).toEqual([]);
});

test('what is refused once its session is over is not told as handled to who comes back', async () => {
  const { violations } = await simulate(drawPlan(140_683_049));
  expect(violations).toEqual([]);
});

test('a message that a kill may have interrupted, and whose session was over then, was overrun', async () => {
  const { violations } = await simulate({ ...drawPlan(2_008_612), orders: [] });
  expect(violations).toEqual([]);
});

test('a session that a copy has used since, and that is given up as ended, is lost to the copy', async () => {
  const { violations } = await simulate(drawPlan(44_750_858));
  expect(violations).toEqual([]);
});

describe('a message that waits for room in the outbox', () => {
  test('comes into the session that follows, when the one before it was lost', async () => {
    const world = new World();
    await world.startServer(() => new Promise(() => {}));
    const client = world.connect({ outboxMessages: 1, whenSessionLost: 'inDoubt' });
    const first = client.send(Order, 1);
    await world.pass(100);
    const second = client.send(Order, 2, { whenFull: 'wait' });
    world.network.host('server').crash('killed');
    await world.startServer((order) => order);
    await world.pass(5_000);
    expect(first.outcome).toMatchObject({ status: 'inDoubt', code: 'WILCO_STATE_LOST' });
    expect(second.outcome).toMatchObject({ status: 'handled', reply: 2 });
  });

  test('is told so, when the store fails and there is no session that it could come into', async () => {
    const world = new World();
    await world.startServer(() => new Promise(() => {}));
    const store = world.brokenStore();
    const client = world.connect({ outboxMessages: 1, store });
    const first = client.send(Order, 1);
    await world.pass(100);
    const second = client.send(Order, 2, { whenFull: 'wait' });
    store.faults = { failRate: 1 };
    first.cancel();
    world.network.links.at(-1)?.cut();
    await world.pass(5_000);
    expect(first.outcome).toMatchObject({ status: 'inDoubt', code: 'WILCO_STORE_FAILED' });
    expect(second.outcome).toMatchObject({ status: 'cancelled', code: 'WILCO_STORE_FAILED' });
  });

  test('goes on waiting while the messages before it move to the next session', async () => {
    const world = new World();
    await world.startServer(() => new Promise(() => {}));
    const client = world.connect({ outboxMessages: 1 });
    const first = client.send(Order, 1);
    await world.pass(100);
    const second = client.send(Order, 2, { whenFull: 'wait' });
    // Withdrawn, and perhaps handled: it settles in the moment in which it moves.
    first.cancel();
    world.network.host('server').crash('killed');
    await world.startServer((order) => order);
    await world.pass(5_000);
    expect(first.outcome?.status).toBe('inDoubt');
    expect(second.outcome).toMatchObject({ status: 'handled', reply: 2 });
  });
});

describe('a client that closes', () => {
  test('settles its messages also when the resume window ends during the drain', async () => {
    const world = new World();
    await world.startServer(() => new Promise(() => {}));
    const client = world.connect({ resumeWindowMs: 1_000 });
    const receipt = client.send(Order, 1);
    await world.pass(100);
    world.network.host('server').crash('killed');
    void client.close({ drainMs: 5_000 });
    await world.pass(10_000);
    expect(receipt.outcome).toMatchObject({ status: 'inDoubt', code: 'WILCO_RESUME_WINDOW_OVER' });
    expect(world.network.host('client').process.pending).toBe(0);
  });
});

test('a session that is over is gone from the store, though nothing else is committed after it', async () => {
  const world = new World();
  const store = world.brokenStore();
  await world.startServer((order) => order, { store, resumeWindowMs: 1_000 });
  world.connect({});
  await world.pass(100);
  expect(store.contents().sessions).toHaveLength(1);
  world.network.host('client').crash('killed');
  await world.pass(5_000);
  expect(store.contents().sessions).toEqual([]);
});

/** A host with a server, one with a client, on virtual time. */
class World {
  readonly clock = new VirtualClock();
  readonly network: VirtualNetwork;
  readonly #random = new SeededRandom(1);
  #processes = 0;

  constructor() {
    this.network = new VirtualNetwork({ clock: this.clock, random: this.#random });
  }

  async startServer(
    handler: (order: number) => number | Promise<number>,
    options: Partial<ServerOptions> = {},
  ): Promise<void> {
    const server = listen({ ...this.#place('server'), port: 1, host: 'server', ...options });
    await this.pass(0);
    (await server).handle(Order, handler);
  }

  connect(options: Partial<ClientOptions>): Client {
    return connect({ ...this.#place('client'), host: 'server', port: 1, ...options });
  }

  /** A store that can be made to fail. */
  brokenStore(): FaultyStore {
    return new FaultyStore({ clock: this.clock, random: this.#random, storeId: 'disk' });
  }

  async pass(ms: number): Promise<void> {
    await this.clock.run(this.clock.nowMs() + ms);
  }

  #place(host: string) {
    const { clock } = this.network.host(host);
    const random = this.#random.split(`process ${this.#processes++}`);
    return { clock, random, transport: this.network.host(host).transport() };
  }
}
