import { MemoryLevel } from 'memory-level';
import { describe, expect, test } from 'vitest';
import type { OutgoingRange, StoreOperation } from '@wilco/protocol';
import { StoreImage, type Store } from '../../src/index.ts';
import { levelStore } from '../../src/level/index.ts';
import {
  asError,
  commit,
  incoming,
  outgoing,
  receiving,
  sending,
  sessionRecord,
} from './records.ts';
import { ManualClock } from '../../../endpoint/test/manual-clock.ts';

const HEAD = { maxMessages: 7 };

describe('a store on a database', () => {
  test.each(Array.from({ length: 25 }, (_, seed) => seed + 1))(
    'holds what a store in memory holds, through restarts (seed %i)',
    async (seed) => {
      const work = new Work(seed);
      const image = new StoreImage();
      const database = new MemoryLevel<string, string>();
      const clock = new ManualClock();
      let store: Store = levelStore({ database, head: HEAD, clock });
      await store.open();
      for (let round = 0; round < 60; round++) {
        const commits = Array.from({ length: 1 + work.below(3) }, () => work.operations());
        for (const operations of commits) image.apply(operations);
        await Promise.all(commits.map((operations) => commit(store, ...operations)));
        if (work.below(4) === 0) await samePages(store, image, work);
        if (work.below(6) === 0) await clock.advance(6_000);
        if (work.below(8) > 0) continue;
        await store.close();
        store = levelStore({ database, head: HEAD, clock });
        const { sessions, damage } = await store.open();
        expect(damage).toEqual([]);
        expect(sessions).toEqual(image.sessions(HEAD));
      }
      await store.close();
    },
  );
});

async function samePages(store: Store, image: StoreImage, work: Work): Promise<void> {
  for (const session of work.sessions.keys()) {
    const from = 1 + work.below(40);
    const range = { session, channel: 1, from, to: from + work.below(60) };
    const limits = { maxMessages: 1 + work.below(20), maxBytes: work.below(600) };
    const read = await readOutgoing(store, { ...range, ...limits });
    // The bytes of what was voided since may still count.
    const wanted = image.outgoing({ ...range, ...limits });
    expect(read.length).toBeGreaterThanOrEqual(Math.min(wanted.length, 1));
    expect(read).toEqual(wanted.slice(0, read.length));
    const free = await readOutgoing(store, { ...range, ...limits, maxBytes: Infinity });
    expect(free).toEqual(image.outgoing({ ...range, ...limits, maxBytes: Infinity }));
  }
  const after = work.below(2) === 0 ? undefined : String(work.below(10));
  const entries = await new Promise((resolve) => {
    store.readEntries('ids', { after, limit: 4 }, (error, found) => resolve(error ?? found));
  });
  expect(entries).toEqual(image.entries('ids', { after, limit: 4 }));
}

function readOutgoing(store: Store, range: OutgoingRange): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    store.readOutgoing(range, (error, records) => {
      if (error === undefined) resolve(records);
      else reject(asError(error));
    });
  });
}

interface Channel {
  next: number;
  readonly there: Set<number>;
}

/** Operations as an endpoint could order them, reproducibly. */
class Work {
  readonly sessions = new Map<string, { outgoing: Channel; incoming: Channel }>();
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 7_919;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  operations(): StoreOperation[] {
    const operations: StoreOperation[] = [];
    for (let count = this.below(6); count >= 0; count--) operations.push(...this.#some());
    return operations;
  }

  #some(): StoreOperation[] {
    const name = 'abc'.charAt(this.below(3));
    const session = this.sessions.get(name);
    if (session === undefined) {
      const empty = (): Channel => ({ next: 1, there: new Set() });
      this.sessions.set(name, { outgoing: empty(), incoming: empty() });
      return [{ type: 'putSession', record: sessionRecord(name) }];
    }
    switch (this.below(14)) {
      case 0:
      case 1:
      case 2:
        return this.#burst(name, session.outgoing);
      case 3:
        return this.#changed(name, session.outgoing);
      case 4:
      case 5:
        return this.#dropped(name, session.outgoing);
      case 6:
        return this.#came(name, session.incoming);
      case 7:
        return this.#handled(name, session.incoming);
      case 8:
        return [{ type: 'putSending', record: sending(name, session.outgoing.next) }];
      case 9:
        return [{ type: 'putReceiving', record: receiving(name, session.incoming.next) }];
      case 10:
        return [{ type: 'putSession', record: sessionRecord(name) }];
      case 11:
        return [{ type: 'dropEntry', table: 'ids', key: String(this.below(10)) }];
      case 12:
        if (this.below(6) > 0) return [];
        this.sessions.delete(name);
        return [{ type: 'dropSession', session: name }];
      default: {
        const key = String(this.below(10));
        return [{ type: 'putEntry', table: 'ids', key, value: Uint8Array.of(this.below(256)) }];
      }
    }
  }

  #burst(session: string, channel: Channel): StoreOperation[] {
    const count = this.below(5) === 0 ? 300 : 1 + this.below(4);
    // What was left out counts as never there.
    if (this.below(10) === 0) channel.next += 2;
    return Array.from({ length: count }, () => {
      const seq = channel.next++;
      channel.there.add(seq);
      return { type: 'putOutgoing', record: outgoing(session, seq, this.below(100)) } as const;
    });
  }

  #changed(session: string, { there }: Channel): StoreOperation[] {
    const seq = [...there][this.below(there.size)];
    if (seq === undefined) return [];
    const record = { ...outgoing(session, seq, 0), voidReason: 'expired' as const };
    return [{ type: 'putOutgoing', record }];
  }

  #dropped(session: string, { there }: Channel): StoreOperation[] {
    const first = [...there][this.below(Math.min(there.size, 3))];
    if (first === undefined) return [];
    const to = first + 1 + this.below(this.below(4) === 0 ? 2_000 : 30);
    for (const seq of there) if (seq >= first && seq < to) there.delete(seq);
    return [{ type: 'dropOutgoing', session, channel: 1, from: first, to }];
  }

  #came(session: string, channel: Channel): StoreOperation[] {
    const seq = channel.next++;
    channel.there.add(seq);
    return [{ type: 'putIncoming', record: incoming(session, seq) }];
  }

  #handled(session: string, { there }: Channel): StoreOperation[] {
    const seq = [...there][this.below(there.size)];
    if (seq === undefined) return [];
    there.delete(seq);
    return [{ type: 'dropIncoming', session, channel: 1, seq }];
  }
}
