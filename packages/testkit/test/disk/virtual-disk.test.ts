import { describe, expect, test } from 'vitest';
import {
  SeededRandom,
  VirtualClock,
  VirtualDisk,
  type VirtualDatabase,
  VirtualNetwork,
  type DatabaseRange,
  type DiskFaults,
} from '@wilco/testkit';

describe('a virtual database', () => {
  test('gives back what was written, in the order of the bytes of its keys', async () => {
    const disk = new Disk();
    await disk.write({ b: '2', a: '1', ab: '3', ÿ: '4' });
    await disk.write({ b: '5', a: undefined });
    expect(await disk.contents()).toEqual({ ab: '3', b: '5', ÿ: '4' });
    expect(Object.keys(await disk.contents())).toEqual(['ab', 'b', 'ÿ']);
  });

  test('reads ranges, from either end, as far as a limit', async () => {
    const disk = new Disk();
    await disk.write({ a: '1', b: '2', c: '3', d: '4', e: '5' });
    expect(await disk.keys({ gte: 'b', lt: 'd' })).toEqual(['b', 'c']);
    expect(await disk.keys({ gt: 'b', lte: 'd' })).toEqual(['c', 'd']);
    expect(await disk.keys({ reverse: true, limit: 2 })).toEqual(['e', 'd']);
  });

  test('gives one value, or many, and nothing for what is not there', async () => {
    const disk = new Disk();
    await disk.write({ a: '1', b: '2' });
    const many = await disk.during(disk.database.getMany(['b', 'x', 'a']));
    expect(many.map(textOf)).toEqual(['2', undefined, '1']);
    expect(textOf(await disk.during(disk.database.get('b')))).toBe('2');
  });

  test('clears a range', async () => {
    const disk = new Disk();
    await disk.write({ a: '1', b: '2', c: '3' });
    await disk.during(disk.database.clear({ gte: 'a', lt: 'c' }));
    expect(await disk.contents()).toEqual({ c: '3' });
  });

  test('reads with an iterator what was there when it was made', async () => {
    const disk = new Disk();
    await disk.write({ a: '1', b: '2', c: '3' });
    const iterator = disk.database.iterator();
    await disk.write({ b: undefined });
    const first = await disk.during(iterator.nextv(2));
    expect(first.map(([key]) => textOf(key))).toEqual(['a', 'b']);
    expect(textOf((await disk.during(iterator.next()))?.[0])).toBe('c');
    expect(await disk.during(iterator.next())).toBeUndefined();
    await iterator.close();
    await expect(disk.during(iterator.nextv(1))).rejects.toThrow('not open');
  });

  test('is open in one place only', async () => {
    const disk = new Disk();
    await disk.write({ a: '1' });
    const other = disk.disk.database();
    await expect(disk.during(other.open())).rejects.toMatchObject({
      code: 'LEVEL_DATABASE_NOT_OPEN',
      cause: { code: 'LEVEL_LOCKED' },
    });
    await disk.during(disk.database.close());
    await disk.during(other.open());
    await expect(disk.database.get('a')).rejects.toMatchObject({
      code: 'LEVEL_DATABASE_NOT_OPEN',
    });
  });

  test('takes its time, and closes when what is under way is done', async () => {
    const disk = new Disk({ writeMs: 50, syncMs: 100 });
    const order: string[] = [];
    await disk.during(disk.database.open());
    void disk.database.put('a', '1', { sync: true }).then(() => order.push('written'));
    const closing = disk.database.close().then(() => order.push('closed'));
    await disk.during(closing);
    expect(order).toEqual(['written', 'closed']);
    expect(disk.clock.nowMs()).toBeGreaterThan(1);
  });

  test('does nothing while its process sleeps, nor after that is dead', async () => {
    const disk = new Disk();
    await disk.write({ a: '1' });
    disk.host.sleep(100);
    const slow = disk.database.put('b', '2');
    await disk.clock.run(50);
    expect(disk.disk.image.table.size).toBe(1);
    await disk.during(slow);
    expect(disk.disk.image.table.size).toBe(2);
    const { database } = disk;
    disk.crash('killed');
    void database.put('c', '3');
    await disk.clock.run(1_000);
    expect(disk.disk.image.table.size).toBe(2);
  });
});

describe('a loss of power', () => {
  test('leaves what was synced, and of the rest nothing but a beginning', async () => {
    const survived = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const disk = new Disk({ switchRate: 0 }, seed);
      await disk.write({ a: '1' }, { sync: true });
      await disk.write({ b: '2' });
      await disk.write({ c: '3' });
      disk.crash('vanished');
      survived.add((await disk.keys()).join(''));
    }
    expect([...survived].sort()).toEqual(['a', 'ab', 'abc']);
  });

  test('takes what lies unsynced in an old log, though something later was synced', async () => {
    const survived = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const disk = new Disk({ switchRate: 1 }, seed);
      await disk.write({ a: '1' });
      await disk.write({ b: '2' }, { sync: true });
      disk.crash('vanished');
      survived.add((await disk.keys()).join(''));
    }
    expect([...survived].sort()).toEqual(['ab', 'b']);
  });

  test('takes nothing from an old log that has become a table', async () => {
    const disk = new Disk({ switchRate: 1 });
    await disk.write({ a: '1' });
    await disk.write({ b: '2' });
    await disk.clock.run(1_000);
    expect(await disk.survivingKeys()).toEqual(['a']);
  });

  test('leaves a file as it was synced, or written in part', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const disk = new Disk({}, seed);
      disk.disk.file.write(Buffer.from('old!'));
      disk.disk.file.sync();
      disk.disk.file.write(Buffer.from('new!'));
      disk.crash('vanished');
      seen.add(String(textOf(disk.disk.file.contents)));
    }
    expect([...seen].sort()).toEqual(['ned!', 'new!', 'nld!', 'old!']);
  });
});

describe('the end of a process', () => {
  test('leaves all that was written, synced or not', async () => {
    const disk = new Disk();
    await disk.write({ a: '1' });
    await disk.write({ b: '2' });
    disk.crash('killed');
    expect(await disk.keys()).toEqual(['a', 'b']);
  });

  test('leaves each write under way whole, or not at all', async () => {
    const survived = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const disk = new Disk({ writeMs: 10 }, seed);
      await disk.during(disk.database.open());
      void disk.database.batch([put('a', '1'), put('b', '2')]);
      disk.crash('killed');
      survived.add((await disk.keys()).join(''));
    }
    expect([...survived].sort()).toEqual(['', 'ab']);
  });

  test('frees the lock', async () => {
    const disk = new Disk();
    await disk.write({ a: '1' });
    disk.crash('killed');
    await disk.write({ b: '2' });
    expect(await disk.keys()).toEqual(['a', 'b']);
  });
});

describe('a write that fails', () => {
  test('takes with it what the same open database writes and syncs later, as LevelDB does', async () => {
    const disk = new Disk();
    await disk.write({ a: '1' }, { sync: true });
    disk.disk.faults = { isFull: true };
    await expect(disk.write({ b: '2' }, { sync: true })).rejects.toMatchObject({
      code: 'LEVEL_IO_ERROR',
    });
    disk.disk.faults = {};
    await disk.write({ c: '3' }, { sync: true });
    expect(await disk.keys()).toEqual(['a', 'c']);
    await disk.reopen();
    expect(await disk.keys()).toEqual(['a']);
    await disk.write({ d: '4' }, { sync: true });
    await disk.reopen();
    expect(await disk.keys()).toEqual(['a', 'd']);
  });

  test('by its sync may be there later, and makes later syncs fail, or worthless', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const disk = new Disk({ failSyncRate: 1, switchRate: 0 }, seed);
      await expect(disk.write({ a: '1' }, { sync: true })).rejects.toThrow('IO error');
      disk.disk.faults = { switchRate: 0 };
      const isSick = await disk.write({ b: '2' }, { sync: true }).then(
        () => false,
        () => true,
      );
      disk.crash('vanished');
      seen.add(`${isSick ? 'sick ' : ''}${(await disk.keys()).join('')}`);
    }
    expect([...seen].sort()).toEqual(['', 'a', 'ab', 'sick ', 'sick a']);
  });

  test('is one that never answers, from then on', async () => {
    const disk = new Disk({ hangRate: 1 });
    await disk.during(disk.database.open());
    let hasEnded = false;
    void disk.database.put('a', '1').then(() => (hasEnded = true));
    await disk.clock.run(100_000);
    expect(hasEnded).toBe(false);
    expect(disk.disk.counts.hungWrite).toBe(1);
  });
});

describe('a damaged disk', () => {
  test('has lost writes of the middle, or of the end', async () => {
    const [middle, tail] = [new Set<string>(), new Set<string>()];
    for (let seed = 0; seed < 100; seed++) {
      middle.add(await damagedKeys('lostMiddle', seed));
      tail.add(await damagedKeys('lostTail', seed));
    }
    expect([...middle].sort()).toEqual(['', 'a', 'ab', 'ac', 'bc', 'c']);
    expect([...tail].sort()).toEqual(['', 'a', 'ab']);
  });

  test('has a bit changed in a value', async () => {
    const disk = new Disk();
    await disk.write({ a: 'xxxx' }, { sync: true });
    await disk.close();
    disk.disk.damage('flippedBit');
    const bits = [...(disk.disk.image.table.get('a') ?? [])].map((byte) => byte ^ 0x78);
    const changed = bits.filter((byte) => byte !== 0);
    expect(changed).toHaveLength(1);
    expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(changed[0]);
  });

  test('is set back to what it was, with its file or without', async () => {
    for (const hasFile of [true, false]) {
      const disk = new Disk();
      await disk.write({ a: '1' });
      disk.disk.file.write(Buffer.from('1'));
      const snapshot = disk.disk.snapshot();
      await disk.write({ b: '2' });
      disk.disk.file.write(Buffer.from('2'));
      await disk.close();
      disk.disk.restore(snapshot, hasFile);
      expect(await disk.keys()).toEqual(['a']);
      expect(textOf(disk.disk.file.contents)).toBe(hasFile ? '1' : '2');
    }
  });

  test('has nothing on it any more, once it was wiped', async () => {
    const disk = new Disk();
    await disk.write({ a: '1' });
    await disk.close();
    disk.disk.wipe();
    expect(await disk.keys()).toEqual([]);
  });
});

test('a clone goes its own way', async () => {
  const disk = new Disk();
  await disk.write({ a: '1' });
  const clone = disk.disk.clone();
  await disk.write({ b: '2' });
  expect(clone.image.table.keys()).toEqual(['a']);
});

test('the same seed does the same', async () => {
  const run = async (): Promise<string> => {
    const disk = new Disk({ writeMs: 5, syncMs: 50, failSyncRate: 0.05, switchRate: 0.2 }, 7);
    for (let index = 0; index < 50; index++) {
      await disk.write({ [`k${index}`]: String(index) }, { sync: index % 3 === 0 }).catch(() => {});
    }
    disk.crash('vanished');
    return `${disk.clock.nowMs()} ${(await disk.keys()).join(' ')}`;
  };
  expect(await run()).toBe(await run());
});

async function damagedKeys(damage: 'lostMiddle' | 'lostTail', seed: number): Promise<string> {
  const disk = new Disk({}, seed);
  for (const key of ['a', 'b', 'c']) await disk.write({ [key]: key }, { sync: true });
  disk.crash('killed');
  disk.disk.damage(damage);
  return (await disk.keys()).join('');
}

/** A disk with the awkward sides made handy: texts in the place of bytes, and time that passes. */
class Disk {
  readonly clock = new VirtualClock();
  readonly disk: VirtualDisk;
  readonly #network: VirtualNetwork;
  #database: VirtualDatabase;

  constructor(faults: DiskFaults = {}, seed = 1) {
    const random = new SeededRandom(seed);
    this.#network = new VirtualNetwork({ clock: this.clock, random });
    this.disk = new VirtualDisk({ clock: this.clock, random, faults });
    this.#database = this.disk.database(this.host.process);
  }

  get host() {
    return this.#network.host('host');
  }

  get database(): VirtualDatabase {
    return this.#database;
  }

  async write(
    changes: Readonly<Record<string, string | undefined>>,
    options: { readonly sync?: boolean } = {},
  ): Promise<void> {
    await this.during(this.#database.open());
    const operations = Object.entries(changes).map(([key, value]) =>
      value === undefined ? ({ type: 'del', key } as const) : put(key, value),
    );
    await this.during(this.#database.batch(operations, options));
  }

  async contents(): Promise<Record<string, string | undefined>> {
    await this.during(this.#database.open());
    const entries = await this.during(this.#database.iterator().all());
    return Object.fromEntries(entries.map(([key, value]) => [String(textOf(key)), textOf(value)]));
  }

  async keys(range?: DatabaseRange): Promise<(string | undefined)[]> {
    await this.during(this.#database.open());
    return (await this.during(this.#database.keys(range).all())).map(textOf);
  }

  /** What a loss of power would leave at this moment. */
  async survivingKeys(): Promise<(string | undefined)[]> {
    const database = this.disk.survivor().database();
    await this.during(database.open());
    return (await this.during(database.keys().all())).map(textOf);
  }

  async close(): Promise<void> {
    await this.during(this.#database.close());
  }

  async reopen(): Promise<void> {
    await this.close();
    await this.during(this.#database.open());
  }

  crash(how: 'killed' | 'vanished'): void {
    this.host.crash(how);
    this.disk.crash(how);
    this.#database = this.disk.database(this.host.process);
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

function put(key: string, value: string) {
  return { type: 'put', key, value } as const;
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}
