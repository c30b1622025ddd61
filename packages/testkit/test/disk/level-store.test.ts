/** The real store on a disk that misbehaves. */
import { describe, expect, test } from 'vitest';
import type { OutgoingRecord, SessionRecord, StoreOperation } from '@wilco/protocol';
import type { Store, StoreContents } from '@wilco/store';
import { levelStore } from '@wilco/store/level';
import {
  SeededRandom,
  storeContract,
  VirtualClock,
  type VirtualDatabase,
  VirtualDisk,
  VirtualNetwork,
  type DiskDamage,
  type DiskFaults,
} from '@wilco/testkit';

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

const CASES = storeContract('a store on a slow virtual disk', () => {
  const host = new Host({ openMs: 5, readMs: 5, writeMs: 10, syncMs: 20, switchRate: 0.3 });
  const letTimePass = async () => {
    await host.clock.run(host.clock.nowMs() + 2_000);
  };
  return { store: host.store(), letTimePass };
});

describe('the contract of stores', () => {
  test.each(CASES)('$name', async ({ run }) => run());
});

describe('a store', () => {
  test('has after a loss of power all that it called kept, and of the rest a beginning', async () => {
    for (const seed of SEEDS) {
      const host = new Host({ writeMs: 5, syncMs: 20, switchRate: 0.2 }, seed);
      const kept = await host.write(30, { untilMs: host.random.int(20, 400) });
      host.crash('vanished');
      const { sessions, damage } = await host.open();
      const seqs = sessions[0]?.outgoing.map(({ seq }) => seq) ?? [];
      expect(damage).toEqual([]);
      expect(seqs.length).toBeGreaterThanOrEqual(kept);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    }
  });

  test('calls it no damage when a loss of power brings back what was dropped', async () => {
    for (const seed of SEEDS) {
      const host = new Host({ switchRate: 0.5 }, seed);
      await host.write(10);
      for (let seq = 1; seq <= 5; seq++) host.commit([drop(seq)]);
      await host.pass(50);
      await host.write(3, { from: 11 });
      host.crash('vanished');
      expect((await host.open()).damage).toEqual([]);
    }
  });

  test('waits for room on a full disk, says so, and loses nothing of what it then keeps', async () => {
    for (const seed of SEEDS.slice(0, 20)) {
      const host = new Host({}, seed);
      await host.write(3);
      host.disk.faults = { isFull: true };
      let isDone = false;
      host.commit([put(4)], () => (isDone = true));
      await host.pass(3_000);
      expect([isDone, host.opened.isFull]).toEqual([false, true]);
      host.disk.faults = {};
      await host.pass(3_000);
      expect([isDone, host.opened.isFull]).toEqual([true, false]);
      await host.write(3, { from: 5 });
      host.crash(seed % 2 === 0 ? 'killed' : 'vanished');
      expect(await host.seqs()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    }
  });

  test('loses nothing when there is no room for clearing away', async () => {
    const host = new Host();
    await host.write(1_100);
    host.fillWhenClearing(20);
    host.commit([{ type: 'dropOutgoing', session: 'a', channel: 1, from: 1, to: 1_101 }]);
    await host.pass(2_000);
    expect(host.disk.counts.fullDisk).toBe(1);
    await host.write(3, { from: 1_101 });
    host.crash('killed');
    expect(await host.seqs()).toEqual([1_101, 1_102, 1_103]);
  });

  test('fails for good when a write or a sync fails', async () => {
    for (const faults of [{ failWriteRate: 1 }, { failSyncRate: 1 }]) {
      const host = new Host();
      await host.write(3);
      host.disk.faults = faults;
      const errors: unknown[] = [];
      host.commit([put(4)], (error) => errors.push(error));
      await host.pass(100);
      host.disk.faults = {};
      host.commit([put(5)], (error) => errors.push(error));
      await host.pass(100);
      expect(errors).toMatchObject([
        { code: 'WILCO_STORE_FAILED' },
        { code: 'WILCO_STORE_FAILED' },
      ]);
    }
  });

  test('is locked while another has it open', async () => {
    const host = new Host();
    await host.write(1);
    await expect(host.during(host.store().open())).rejects.toMatchObject({
      code: 'WILCO_STORE_LOCKED',
    });
  });

  test.each<DiskDamage>(['flippedBit', 'lostMiddle'])(
    'gives what it had after a %s, or says that it is damaged',
    async (damage) => {
      let found = 0;
      for (const seed of SEEDS) {
        const host = new Host({}, seed);
        await host.write(12);
        for (let seq = 1; seq <= 4; seq++) host.commit([drop(seq)]);
        await host.pass(2_000);
        host.crash('killed');
        host.disk.damage(damage);
        const contents = await host.open().catch(() => undefined);
        const isTold = contents === undefined || contents.damage.length > 0;
        if (isTold) found += 1;
        else expect([seed, await host.seqs(contents)]).toEqual([seed, SEQS_5_TO_12]);
      }
      expect(found).toBeGreaterThan(0);
    },
  );

  test('finds that its end is lost, or that it was set back, once the witness knows of it', async () => {
    for (const seed of SEEDS) {
      const host = new Host({}, seed);
      await host.write(3);
      const before = host.disk.snapshot();
      await host.write(9, { from: 4 });
      await host.pass(2_000);
      host.crash('vanished');
      if (seed % 2 === 0) host.disk.damage('lostTail');
      else host.disk.restore(before, false);
      const contents = await host.open();
      expect(contents.damage).toMatchObject([{ code: 'WILCO_STORE_SET_BACK' }]);
    }
  });

  test('finds no damage where it lost its power while it was made', async () => {
    for (const seed of SEEDS) {
      const host = new Host({ writeMs: 5, syncMs: 5, openMs: 1 }, seed);
      void host.store().open();
      await host.pass(seed);
      host.crash('vanished');
      expect(await host.open(), `after ${String(seed)} ms`).toMatchObject({ damage: [] });
    }
  });
});

const SEQS_5_TO_12 = [5, 6, 7, 8, 9, 10, 11, 12];

const SESSION: SessionRecord = {
  session: 'a',
  role: 'client',
  peerRunId: undefined,
  serverId: undefined,
  token: undefined,
  tokenHashes: [],
  identity: undefined,
  attempt: undefined,
};

/** A host with a disk, and the store that its process has open. */
class Host {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly disk: VirtualDisk;
  readonly #network: VirtualNetwork;
  #store: Store | undefined;
  #database: VirtualDatabase | undefined;

  constructor(faults: DiskFaults = {}, seed = 1) {
    this.random = new SeededRandom(seed);
    this.#network = new VirtualNetwork({ clock: this.clock, random: this.random });
    this.disk = new VirtualDisk({ clock: this.clock, random: this.random.split('disk'), faults });
  }

  get opened(): Store {
    if (this.#store === undefined) throw new TypeError('the store is not open');
    return this.#store;
  }

  /** The next time that anything is cleared away, the disk is full for so long. */
  fillWhenClearing(forMs: number): void {
    const database = this.#database;
    if (database === undefined) throw new TypeError('the store is not open');
    const clear = database.clear.bind(database);
    database.clear = (range) => {
      database.clear = clear;
      this.disk.faults = { isFull: true };
      this.clock.schedule(this.clock.nowMs() + forMs, () => (this.disk.faults = {}));
      return clear(range);
    };
  }

  store(): Store {
    const { process } = this.#network.host('host');
    const database = this.disk.database(process);
    this.#database ??= database;
    return levelStore({ database, witness: this.disk.openFile(process), clock: process.clock });
  }

  async open(): Promise<StoreContents> {
    this.#store = this.store();
    return this.during(this.#store.open());
  }

  /** Commits so many messages, each by itself. Returns how many were called kept in time. */
  async write(count: number, { from = 1, untilMs = 60_000 } = {}): Promise<number> {
    if (this.#store === undefined) {
      await this.open();
      this.commit([{ type: 'putSession', record: SESSION }]);
    }
    let kept = 0;
    for (let seq = from; seq < from + count; seq++) this.commit([put(seq)], () => (kept += 1));
    const endMs = this.clock.nowMs() + untilMs;
    await this.clock.run(endMs, () => kept === count);
    return kept;
  }

  commit(operations: readonly StoreOperation[], done: (error?: unknown) => void = () => {}): void {
    this.opened.commit(operations, done);
  }

  async seqs(contents?: StoreContents): Promise<number[]> {
    const { sessions } = contents ?? (await this.open());
    return sessions[0]?.outgoing.map(({ seq }) => seq) ?? [];
  }

  crash(how: 'killed' | 'vanished'): void {
    this.#network.host('host').crash(how);
    this.disk.crash(how);
    this.disk.faults = {};
    this.#store = undefined;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.run(this.clock.nowMs() + ms);
  }

  async during<Value>(promise: Promise<Value>): Promise<Value> {
    let isOver = false;
    promise.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    await this.clock.run(this.clock.nowMs() + 60_000, () => isOver);
    return promise;
  }
}

function put(seq: number): StoreOperation {
  const record: OutgoingRecord = {
    session: 'a',
    channel: 1,
    seq,
    type: 'order',
    id: undefined,
    isResent: false,
    expiresAtWallMs: undefined,
    queuedAtWallMs: 0,
    voidReason: undefined,
    answer: undefined,
    payload: Uint8Array.of(seq, 1, 2, 3),
  };
  return { type: 'putOutgoing', record };
}

function drop(seq: number): StoreOperation {
  return { type: 'dropOutgoing', session: 'a', channel: 1, from: seq, to: seq + 1 };
}
