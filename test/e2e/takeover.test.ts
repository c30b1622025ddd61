/** A session that somebody else wants: with its token, an old one, a wrong one, or none. */
import { randomBytes } from 'node:crypto';
import { describe, expect, vi } from 'vitest';
import type { StoreOperation } from '@wilco/protocol';
import type { SecurityEvent, Server, ServerOptions } from '@wilco/server';
import { memoryStore, StoreImage, type Store } from '@wilco/store';
import { storeAround } from '../../packages/store/test/store-around.ts';
import { PlainPeer } from '../vectors/plain-peer.mjs';
import { numbers, test, type Endpoints } from './endpoints.ts';
import { Count } from './messages.ts';

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);

describe('with the token', () => {
  test('a second client takes the session over; the first is told, cut off, and stays away', async ({
    here,
  }) => {
    const server = await here.server();
    const seen: number[] = [];
    server.handle(Count, (value) => seen.push(value));
    const { store, copy, isUpToDate } = copiedStore();
    const first = here.client(server.address.port, { store });
    expect(await first.send(Count, 1).handled).toBe(1);
    await first.drain();
    // An older copy would be found out as one.
    await vi.waitUntil(isUpToDate);
    const told = new Promise<string | undefined>((resolve) =>
      first.on('closed', ({ error }) => resolve(error?.code)),
    );

    const second = here.client(server.address.port, { store: copy() });
    expect(await second.send(Count, 2).handled).toBe(2);
    expect(await told).toBe('WILCO_TAKEN_OVER');
    expect(() => first.send(Count, 3)).toThrow('WILCO_CLOSED');
    expect(seen).toEqual([1, 2]);
    expect([server.sessions.length, second.isOnline, second.id]).toEqual([1, true, first.id]);
  });

  test('what the first client had in flight is settled, and truly', async ({ here }) => {
    const server = await here.server();
    server.handle(Count, (value) => (value === 1 ? new Promise<number>(() => {}) : value));
    const { store, copy } = copiedStore();
    const first = here.client(server.address.port, { store });
    await first.opened;
    const early = copy();
    const held = first.send(Count, 1);
    await held.received;
    here.client(server.address.port, { store: early });
    // The clone knows nothing of what was in flight: its state is older than the session's.
    const { reason } = await new Promise<{ reason: string }>((resolve) =>
      server.once('stateLost', resolve),
    );
    expect(reason).toBe('clientStateLost');
    // Its store has the message still, for whoever opens it next.
    expect(await held.settled).toMatchObject({ status: 'left' });
  });

  test('the old connection never writes into the session again', async ({ here }) => {
    const server = await here.server();
    const seen: number[] = [];
    server.handle(Count, (value) => {
      seen.push(value);
      return value;
    });
    const address = { host: '127.0.0.1', port: server.address.port };
    const first = new PlainPeer(address);
    await first.open();
    const second = new PlainPeer(address, { session: first.session, counter: 1 });
    // Deaf to what it is told, it writes on and on, until it is cut off.
    first.isDeaf = true;
    expect((await second.open()).newReason).toBeUndefined();
    first.send('count', ONE);
    expect(await second.outcome(second.send('count', TWO))).toMatchObject({ payload: '02' });
    first.send('count', ONE);
    expect(await second.outcome(second.send('count', TWO))).toMatchObject({ payload: '02' });
    expect(seen).toEqual([2, 2]);
    first.lose();
    await second.close();
  });

  test('an attempt that is not newer is refused, and harms nothing', async ({ here }) => {
    const { server, address, peer } = await openPeer(here);
    const late = new PlainPeer(address, { credentials: ADA, session: peer.session });
    await expect(late.open()).rejects.toThrow('WILCO_ATTEMPT_STALE');
    await unharmed(server, peer);
  });
});

test('a session that has ended is told as ended to who proves it', async ({ here }) => {
  const { server, address } = await openPeer(here, { resumeWindowMs: 200 });
  const session = await expiredSession(server, address);
  const late = new PlainPeer(address, { credentials: ADA, counter: 10, session });
  late.takesNewSessions = true;
  const { newReason, predecessor } = shapeOf(await late.open());
  expect({ newReason, predecessor }).toEqual({ newReason: 'ended', predecessor: session?.id });
  await late.close();
});

describe('without the token', () => {
  test.for(['forged', 'unknown session', 'expired', 'foreign'] as const)(
    '%s gets a new session, and no hint why; the session in use is not touched',
    async (kind, { here }) => {
      const { server, address, peer, events } = await openPeer(here, { resumeWindowMs: 200 });
      const token = randomBytes(32).toString('hex');
      const { id = '' } = peer.session ?? {};
      const gone = kind === 'expired' ? await expiredSession(server, address) : undefined;
      const goneId = gone?.id ?? '';
      const asked = {
        forged: { session: { id, token } },
        'unknown session': { session: { id: randomBytes(16).toString('hex'), token } },
        expired: { session: { id: goneId, token } },
        foreign: { session: peer.session, credentials: Buffer.from('eve').toString('hex') },
      }[kind];
      const stranger = new PlainPeer(address, { credentials: ADA, counter: 10, ...asked });
      stranger.takesNewSessions = true;
      const welcome = await stranger.open();
      expect(shapeOf(welcome)).toEqual(SHAPE_OF_UNKNOWN);
      expect(welcome.sessionId).not.toBe(id);
      const expected = kind === 'foreign' ? ['WILCO_AUTHENTICATION_FAILED eve'] : [];
      expect(events).toEqual(expected);
      await unharmed(server, peer);
      await stranger.close();
    },
  );

  test('with one that was replaced is refused for good, and a security event tells of it', async ({
    here,
  }) => {
    const { server, address, peer, events } = await openPeer(here);
    const old = peer.session;
    peer.lose();
    await peer.open();
    const thief = new PlainPeer(address, { credentials: ADA, session: old, counter: 10 });
    await expect(thief.open()).rejects.toThrow('WILCO_TOKEN_REPLAYED');
    expect(events).toEqual(['WILCO_TOKEN_REPLAYED ada']);
    await unharmed(server, peer);
  });

  test('a hundred guesses at once harm nobody, and leave nothing behind', async ({ here }) => {
    const { server, address, peer } = await openPeer(here, { maxSessions: 5_000 });
    const { id = '' } = peer.session ?? {};
    await Promise.all(
      numbers(100).map(async () => {
        const session = { id, token: randomBytes(32).toString('hex') };
        const guess = new PlainPeer(address, { credentials: ADA, session, counter: 10 });
        guess.takesNewSessions = true;
        await guess.open();
        await guess.close();
      }),
    );
    await unharmed(server, peer);
    await expect.poll(() => server.sessions.length).toBe(1);
  });
});

const ADA = Buffer.from('ada').toString('hex');
const SHAPE_OF_UNKNOWN = { newReason: 'unknown', predecessor: undefined, channels: [] };

/** What a WELCOME gives away about the session that was asked for. */
function shapeOf(welcome: { newReason?: string; predecessor?: string; channels?: unknown }) {
  const { newReason, predecessor, channels } = welcome;
  return { newReason, predecessor, channels };
}

/** A server that believes everybody, and a client of it that is called ada. */
async function openPeer(here: Endpoints, options: Partial<ServerOptions> = {}) {
  const server = await here.server({
    authenticate: ({ credentials }) => ({ identity: Buffer.from(credentials ?? []).toString() }),
    ...options,
  });
  server.handle(Count, (value) => value);
  const events: string[] = [];
  server.on('securityEvent', ({ code, identity = '' }: SecurityEvent) =>
    events.push(`${code} ${identity}`),
  );
  const address = { host: '127.0.0.1', port: server.address.port };
  const peer = new PlainPeer(address, { credentials: ADA });
  await peer.open();
  return { server, address, peer, events };
}

/** A session that was proven once, and is over. */
async function expiredSession(server: Server, address: { host: string; port: number }) {
  const gone = new PlainPeer(address, { credentials: ADA });
  await gone.open();
  const over = new Promise<void>((resolve) => server.once('closed', () => resolve()));
  gone.lose();
  await over;
  return gone.session;
}

/** The peer is still connected, and its session still its own. */
async function unharmed(server: Server, peer: PlainPeer): Promise<void> {
  expect(await peer.outcome(peer.send('count', ONE))).toMatchObject({ payload: '01' });
  expect(server.sessions.some(({ id }) => id === peer.session?.id)).toBe(true);
  await peer.close();
}

/** A store, and copies of what is in it, as a disk that was cloned would have it. */
function copiedStore(): { store: Store; copy: () => Store; isUpToDate: () => boolean } {
  const image = new StoreImage();
  const kept = memoryStore({ keep: true, storeId: 'cloned' });
  const store = storeAround(kept, {
    commit: (operations: readonly StoreOperation[], done) => {
      image.apply(structuredClone(operations));
      kept.commit(operations, done);
    },
  });
  const copy = (): Store => {
    const sessions = structuredClone(image.sessions());
    const other = memoryStore({ keep: true, storeId: 'cloned' });
    return storeAround(other, {
      open: async () => ({ ...(await other.open()), bootCount: 2, sessions }),
      commit: (_, done) => queueMicrotask(done),
    });
  };
  const isUpToDate = (): boolean => image.sessions().every(({ outgoing }) => outgoing.length === 0);
  return { store, copy, isUpToDate };
}
