/**
 * Real processes over a network of namespaces that loses, eats, resets, slows down and
 * forgets. Each test has a network of its own, so they run side by side.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Conversation, type Waits } from './conversation.ts';
import type { PeerProcess } from './peer-process.ts';
import { Program } from './program.ts';
import { IS_REQUIRED, OBSTACLE } from './requirements.ts';
import { Testbed, type Direction } from './testbed.ts';

/** A wait that a busy machine does not use up by itself. Milliseconds. */
const WAIT_MS = 2_000;
const WAITS: Waits = { client: WAIT_MS, server: WAIT_MS };
const TEST_MS = 120_000;
const MIB = 1024 * 1024;

/** A direction in which nothing comes through, as it stands in titles. */
const HOLES: readonly (readonly [string, Direction])[] = [
  ['both ways', 'both'],
  ['from client to server alone', 'toServer'],
  ['from server to client alone', 'toClient'],
];

/** Who hears nothing while packets of a direction are eaten. */
function deafTo(
  direction: Direction,
  { client, server, peers }: Conversation,
): readonly PeerProcess[] {
  if (direction === 'both') return peers;
  return direction === 'toServer' ? [server] : [client];
}

test('nothing keeps the tests of the network from running where they are required', () => {
  expect(IS_REQUIRED ? OBSTACLE : undefined).toBeUndefined();
});

const chapter = 'over a real network';
const title = OBSTACLE === undefined ? chapter : `${chapter} (not run: ${OBSTACLE})`;

describe.skipIf(OBSTACLE !== undefined).concurrent(title, { timeout: TEST_MS }, () => {
  let program: Program;
  beforeAll(async () => {
    await Testbed.sweep();
    program = await Program.build();
  });
  afterAll(async () => {
    await program[Symbol.asyncDispose]();
  });

  const open = (
    waits: Waits,
    prepare?: (network: Testbed) => Promise<void>,
  ): Promise<Conversation> => Conversation.open(program.path, waits, prepare);

  test.for(HOLES)(
    'a black hole %s, met while idle, is found within the announced wait',
    async ([, direction]) => {
      await using conversation = await open(WAITS);
      const { network } = conversation;
      const deaf = deafTo(direction, conversation);
      await conversation.isFoundInTime(() => network.blackHole(direction), deaf);
      await network.heal();
      conversation.send(5, 100, 100);
      await conversation.flows(100);
      await conversation.isHonest();
    },
  );

  test.for(HOLES)(
    'a black hole %s, met with data in flight, is found within the announced wait, and the rest is handled once',
    async ([, direction]) => {
      await using conversation = await open(WAITS);
      const { network } = conversation;
      conversation.send(5, 2_000);
      await conversation.flows(50);
      const deaf = deafTo(direction, conversation);
      await conversation.isFoundInTime(() => network.blackHole(direction), deaf);
      await network.heal();
      await conversation.flows(50);
      await conversation.isHonest();
    },
  );

  test.for([
    { percent: 1, waitMs: 10_000, count: 400 },
    { percent: 5, waitMs: 10_000, count: 400 },
    // Seven losses of the same packet in a row are silence for longer than this.
    { percent: 20, waitMs: 30_000, count: 150 },
  ])(
    'a network that loses $percent % of all packets is slow, and not dead',
    async ({ percent, waitMs, count }) => {
      await using conversation = await open({ client: waitMs, server: waitMs });
      await conversation.network.lose(percent);
      conversation.send(10, 1_000, count);
      await conversation.flows(count);
      await conversation.isHonest();
      for (const peer of conversation.peers) expect(peer.all('offline'), peer.role).toEqual([]);
    },
  );

  test('connections that are reset in the middle, again and again, lose and repeat nothing', async () => {
    await using conversation = await open(WAITS);
    const { network } = conversation;
    conversation.send(5, 2_000);
    for (let reset = 1; reset <= 3; reset++) {
      await conversation.flows(30);
      await conversation.isFoundInTime(() => network.reset());
      await network.heal();
      await conversation.online(reset + 1);
    }
    await conversation.flows(30);
    await conversation.isHonest();
  });

  test('a client whose machine gets another address resumes its session from there', async () => {
    await using conversation = await open(WAITS);
    const { network, server } = conversation;
    conversation.send(5, 500);
    await conversation.flows(50);
    await conversation.isFoundInTime(() => network.moveClient());
    await conversation.flows(50);
    await conversation.isHonest();
    const hosts = server.all('remote').map(({ remote }) => remote.replace(/:\d+$/, ''));
    expect([...new Set(hosts)]).toEqual(['10.1.0.2', '10.1.0.3']);
  });

  test('a client that an address translator gives another address resumes its session from there', async () => {
    await using conversation = await open(WAITS, (network) => network.translate('10.2.0.7'));
    const { network, server } = conversation;
    conversation.send(5, 500);
    await conversation.flows(50);
    await conversation.isFoundInTime(async () => {
      await network.translate('10.2.0.8');
      await network.forget();
    });
    await conversation.flows(50);
    await conversation.isHonest();
    const hosts = server.all('remote').map(({ remote }) => remote.replace(/:\d+$/, ''));
    expect([...new Set(hosts)]).toEqual(['10.2.0.7', '10.2.0.8']);
  });

  test('a router that forgets the connection while it is idle is found by heartbeats within the announced wait', async () => {
    await using conversation = await open(WAITS, (network) => network.remember());
    const { network } = conversation;
    const verdicts = await conversation.isFoundInTime(() => network.forget());
    // Whoever finds it first; a client that did is back at once, and the server lets go of the old.
    expect([verdicts.client, verdicts.server]).toContain('WILCO_PEER_SILENT');
    conversation.send(5, 100, 50);
    await conversation.flows(50);
    await conversation.isHonest();
  });

  test('a message that takes longer than the announced wait on a slow link is not called dead', async () => {
    // On a busy machine a process may really say nothing for a second or two.
    const waitMs = 3_000;
    await using conversation = await open({ client: waitMs, server: waitMs });
    await conversation.network.slowDown(12);
    conversation.client.order({ order: 'send', everyMs: 1, bytes: 15 * MIB, count: 1 });
    conversation.server.order({ order: 'send', everyMs: 20, bytes: 100, count: 200 });
    const startMs = performance.now();
    await conversation.client.until(
      'its one parcel',
      () => conversation.client.progress.settled === 1,
    );
    expect(performance.now() - startMs).toBeGreaterThan(2 * waitMs);
    await conversation.isHonest();
    for (const peer of conversation.peers) expect(peer.all('offline'), peer.role).toEqual([]);
  });

  test('a link that passes small packets only is found by the clock of no progress within the announced wait', async () => {
    // The server's own clocks are too slow to be the ones that find it.
    await using conversation = await open({ client: WAIT_MS, server: 60_000 });
    const { network, client } = conversation;
    conversation.send(5, 100);
    await conversation.flows(20);
    const verdicts = await conversation.isFoundInTime(async () => {
      await network.dropAbove(1_000);
      client.order({ order: 'send', everyMs: 5, bytes: 10_000, count: Number.MAX_SAFE_INTEGER });
    });
    expect(verdicts.client).toBe('WILCO_NO_PROGRESS');
    await network.heal();
    await conversation.flows(20);
    await conversation.isHonest();
  });
});
