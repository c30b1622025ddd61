/** A store on real files, among real processes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { connect, defineMessage } from '@wilco/client';
import {
  WilcoError,
  type OutgoingRecord,
  type SessionRecord,
  type StoreOperation,
} from '@wilco/protocol';
import { listen } from '@wilco/server';
import type { Store } from '@wilco/store';
import { levelStore, type LevelStore, type OwnDatabase } from '@wilco/store/level';
import { Child } from './child.ts';

const Line = defineMessage<{ readonly number: number; readonly body: string }>('line');
const FOLDER = mkdtempSync(join(tmpdir(), 'wilco-disk-'));
/** Whether a small disk can be made. */
const CAN_MOUNT = canMount();

afterAll(() => {
  rmSync(FOLDER, { recursive: true, force: true });
});

describe('a process that is killed while it commits', () => {
  test('leaves every commit that it told, whole, and is followed by the next', async () => {
    const folder = join(FOLDER, 'killed');
    let next = 1;
    for (let round = 0; round < 4; round++) {
      const child = new Child('committer', { folder, next });
      await child.until('open');
      await child.until('committed', ({ seq }) => Number(seq) >= next + 3 * round);
      child.kill('SIGKILL');
      await child.exit;
      const lastTold = Number(child.all('committed').at(-1)?.['seq']);
      const store = levelStore(folder);
      const { damage, bootCount, sessions } = await store.open();
      expect([damage, bootCount, sessions.length]).toEqual([[], 2 * round + 2, 1]);
      const kept = await lastKept(store);
      expect(kept.seq).toBeGreaterThanOrEqual(lastTold);
      // The message, the entry and the write of the application are of one commit.
      expect(kept).toEqual({ seq: kept.seq, entry: kept.seq, effect: kept.seq, count: kept.seq });
      await store.close();
      next = kept.seq + 1;
    }
  }, 120_000);

  test('and whose store is open says so to everybody else', async () => {
    const folder = join(FOLDER, 'locked');
    const child = new Child('committer', { folder, next: 1 });
    await child.until('committed');
    await expect(levelStore(folder).open()).rejects.toMatchObject({ code: 'WILCO_STORE_LOCKED' });
    await child.close();
    const store = levelStore(folder);
    expect((await store.open()).damage).toEqual([]);
    await expect(store.open()).rejects.toMatchObject({ code: 'WILCO_STORE_LOCKED' });
    await expect(levelStore(folder).open()).rejects.toMatchObject({ code: 'WILCO_STORE_LOCKED' });
    await store.close();
    await (await opened(folder)).close();
  }, 30_000);
});

describe('a disk that is full', () => {
  test('is made where it must be', () => {
    const isRequired = process.env['WILCO_NET_REQUIRED'] === '1';
    expect(CAN_MOUNT || !isRequired).toBe(true);
  });

  test.runIf(CAN_MOUNT)(
    'refuses new messages, keeps what it was told to, and goes on without a restart',
    () => onSmallDisk('small', fillAndFree),
    60_000,
  );

  test.runIf(CAN_MOUNT)(
    'for longer than storeTimeoutMs ends no session of either side: all goes on when there is room',
    () => onSmallDisk('shared', fillWhileSending),
    60_000,
  );
});

async function onSmallDisk(name: string, use: (mount: string) => Promise<void>): Promise<void> {
  const mount = join(FOLDER, name);
  mkdirSync(mount);
  run('mount', '-t', 'tmpfs', '-o', 'size=24m', 'wilco-test', mount);
  try {
    await use(mount);
  } finally {
    run('umount', '-l', mount);
  }
}

/** A client and a server whose stores are on one disk, which has no room for four seconds. */
async function fillWhileSending(mount: string): Promise<void> {
  const storeOf = (name: string): Store =>
    levelStore(join(mount, name), { reserveBytes: 2 * 1_048_576 });
  const storeTimeoutMs = 1_000;
  const server = await listen({ port: 0, store: storeOf('server'), storeTimeoutMs });
  const handled: number[] = [];
  server.handle(Line, ({ number }) => void handled.push(number));
  const { port } = server.address;
  const client = connect({ port: port ?? 0, store: storeOf('client'), storeTimeoutMs });
  const told: string[] = [];
  client.on('stateLost', ({ reason }) => told.push(reason));
  server.on('stateLost', ({ reason }) => told.push(reason));
  client.on('closed', () => told.push('closed'));
  await client.opened;
  const session = client.id;

  const body = 'x'.repeat(4_000);
  let sent = 0;
  let refused = 0;
  const send = (): void => {
    try {
      client.send(Line, { number: sent, body });
      sent += 1;
    } catch (error) {
      if (!WilcoError.is(error, 'WILCO_STORE_FULL')) throw error;
      refused += 1;
    }
  };
  const timer = setInterval(send, 2);
  await until(() => handled.length > 50);
  const ballast = join(mount, 'ballast');
  writeFileSync(ballast, Buffer.alloc(freeBytes(mount)));
  await until(() => refused > 0);
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const before = sent;
  truncateSync(ballast, 0);
  await until(() => sent > before + 50);
  clearInterval(timer);
  await client.drain();
  expect(handled).toEqual(Array.from({ length: sent }, (_, number) => number));
  expect([told, client.id]).toEqual([[], session]);
  await client.close();
  await server.close();
}

async function fillAndFree(mount: string): Promise<void> {
  const store = levelStore(join(mount, 'store'), { reserveBytes: 4 * 1_048_576 });
  await store.open();
  const told: boolean[] = [];
  store.watchFull((isFull) => told.push(isFull));
  await commit(store, { type: 'putSession', record: SESSION }, put(1));
  expect(store.isFull).toBe(false);

  // Somebody else takes all but a little of the room: new messages are refused, but nothing fails.
  const ballast = join(mount, 'ballast');
  const free = freeBytes(mount);
  writeFileSync(ballast, Buffer.alloc(free - 2 * 1_048_576));
  await until(
    () => store.isFull,
    () => commit(store, entry(1)),
  );
  await commit(store, put(2));

  // All of it: commits wait, in order, and are told when they hold.
  writeFileSync(join(mount, 'rest'), Buffer.alloc(freeBytes(mount)));
  const done: number[] = [];
  for (let seq = 3; seq <= 40; seq++) {
    store.commit([put(seq, 30_000)], (error) => {
      expect(error).toBeUndefined();
      done.push(seq);
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(done.length).toBeLessThan(38);
  expect(store.isFull).toBe(true);

  rmSync(join(mount, 'rest'));
  truncateSync(ballast, 0);
  await until(() => done.length === 38 && !store.isFull);
  expect(done).toEqual(Array.from({ length: 38 }, (_, index) => index + 3));
  expect(told).toEqual([true, false]);
  await store.close();

  const again = await opened(join(mount, 'store'));
  expect((await lastKept(again)).count).toBe(40);
  await again.close();
}

async function opened(folder: string): Promise<Store> {
  const store = levelStore(folder);
  expect((await store.open()).damage).toEqual([]);
  return store;
}

async function lastKept(store: Store) {
  const range = { session: 's', channel: 1, from: 1, to: 2 ** 53 - 1 };
  const messages = await new Promise<readonly OutgoingRecord[]>((resolve, reject) => {
    store.readOutgoing({ ...range, maxMessages: 1e6, maxBytes: 1e9 }, (error, records) => {
      if (error === undefined) resolve(records);
      else reject(asError(error));
    });
  });
  const value = await new Promise<Uint8Array | undefined>((resolve) => {
    store.readEntry('meta', 'last', (_, found) => resolve(found));
  });
  const { database } = store as LevelStore<OwnDatabase>;
  const effect = await database.get('last');
  const seq = messages.at(-1)?.seq ?? 0;
  return {
    seq,
    count: messages.length,
    entry: Number(Buffer.from(value ?? []).toString()),
    effect,
  };
}

const SESSION: SessionRecord = {
  session: 's',
  role: 'client',
  peerRunId: undefined,
  serverId: undefined,
  token: undefined,
  tokenHashes: [],
  identity: undefined,
  attempt: undefined,
};

function put(seq: number, bytes = 100): StoreOperation {
  const record: OutgoingRecord = {
    session: 's',
    channel: 1,
    seq,
    type: 'order',
    id: undefined,
    isResent: false,
    expiresAtWallMs: undefined,
    queuedAtWallMs: 0,
    voidReason: undefined,
    answer: undefined,
    payload: new Uint8Array(bytes),
  };
  return { type: 'putOutgoing', record };
}

function entry(value: number): StoreOperation {
  return { type: 'putEntry', table: 'meta', key: 'last', value: Uint8Array.of(value) };
}

function commit(store: Store, ...operations: StoreOperation[]): Promise<void> {
  return new Promise((resolve, reject) => {
    store.commit(operations, (error) => {
      if (error === undefined) resolve();
      else reject(asError(error));
    });
  });
}

async function until(
  isSo: () => boolean,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
) {
  const endMs = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > endMs) throw new Error('it never was');
    await meanwhile();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freeBytes(mount: string): number {
  const { stdout } = spawnSync('df', ['--output=avail', '-B1', mount], { encoding: 'utf8' });
  return Number(stdout.trim().split('\n').at(-1));
}

function canMount(): boolean {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return false;
  const mount = mkdtempSync(join(tmpdir(), 'wilco-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'wilco-test', mount]);
  if (status === 0) run('umount', mount);
  rmSync(mount, { recursive: true });
  return status === 0;
}

function run(program: string, ...options: string[]): void {
  const { status, stderr } = spawnSync(program, options, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${options.join(' ')}: ${stderr}`);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('no error at all', { cause: error });
}
