import type {
  EntryTable,
  IncomingRecord,
  OutgoingRange,
  OutgoingRecord,
  SessionContents,
  SessionRecord,
  StoreOperation,
} from '@wilco/protocol';
import { OUTGOING_HEAD, type EntryRange, type Store, type StoreContents } from '@wilco/store';

/** One sentence that must hold; `run` rejects when it does not. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** A store for one case of the contract, empty and not open. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Lets time pass for a store on virtual time. @defaultValue nothing */
  readonly letTimePass?: () => Promise<void>;
  /** The writes of an application, where the store takes any. @defaultValue none */
  readonly application?: {
    /** An effect that puts a value under a key. */
    put(key: string, value: string): unknown;
    /** What is under a key, while the store is open. */
    read(key: string): Promise<unknown>;
  };
}

/**
 * What every store that keeps anything must do, as cases for any test runner:
 * `for (const { name, run } of storeContract('mine', make)) test(name, run)`.
 */
export function storeContract(
  name: string,
  make: () => StoreUnderTest | Promise<StoreUnderTest>,
): readonly ContractCase[] {
  return CASES.map(([sentence, run]) => ({
    name: `${name} ${sentence}`,
    run: async () => {
      const store = new ContractStore(await make());
      try {
        await run(store);
      } finally {
        await store.close();
      }
    },
  }));
}

const CASES: readonly (readonly [string, (store: ContractStore) => Promise<void>])[] = [
  ['is empty at first, and counts how often it was opened', countsItsOpenings],
  ['gives back what was committed, in order', givesBackInOrder],
  ['completes commits in their order, never before the call returns', completesInOrder],
  ['puts a later record in the place of an earlier one', replacesRecords],
  ['drops a range of outgoing records, and single incoming ones', dropsRecords],
  ['drops a session with everything in it', dropsSessions],
  ['takes a drop of what is not there', takesEmptyDrops],
  ['gives the head of a long outbox, and the rest when it is asked', readsPages],
  ['reads outgoing records by their range, as they are now', readsRanges],
  ['keeps entries in tables, and reads them in order', keepsEntries],
  ['commits the writes of an application with the rest, or refuses them', commitsEffects],
  ['may be closed twice', closesTwice],
];

/** A store with its awkward sides made handy. */
class ContractStore {
  readonly #subject: StoreUnderTest;

  constructor(subject: StoreUnderTest) {
    this.#subject = subject;
  }

  async open(): Promise<StoreContents> {
    return this.#during(this.#subject.store.open());
  }

  async close(): Promise<void> {
    await this.#during(this.#subject.store.close());
  }

  async reopen(): Promise<StoreContents> {
    await this.close();
    return this.open();
  }

  commitRaw(operations: readonly StoreOperation[], done: (error?: unknown) => void): void {
    this.#subject.store.commit(operations, done);
  }

  async commit(...operations: StoreOperation[]): Promise<void> {
    const committed = new Promise<void>((resolve, reject) => {
      this.#subject.store.commit(operations, (error) => {
        if (error === undefined) resolve();
        else reject(new Error('the commit failed', { cause: error }));
      });
    });
    await this.#during(committed);
  }

  async outgoing(range: Partial<OutgoingRange>): Promise<readonly OutgoingRecord[]> {
    const whole = { session: 'a', channel: 1, from: 1, to: 2 ** 53 - 1 };
    const limits = { maxMessages: 1_000_000, maxBytes: Infinity };
    return this.#during(
      new Promise((resolve, reject) => {
        this.#subject.store.readOutgoing({ ...whole, ...limits, ...range }, (error, records) => {
          if (error === undefined) resolve(records);
          else reject(new Error('the read failed', { cause: error }));
        });
      }),
    );
  }

  async entry(table: EntryTable, key: string): Promise<Uint8Array | undefined> {
    return this.#during(
      new Promise((resolve) => {
        this.#subject.store.readEntry(table, key, (_, value) => resolve(value));
      }),
    );
  }

  async keys(table: EntryTable, range: EntryRange): Promise<readonly string[]> {
    return this.#during(
      new Promise((resolve) => {
        this.#subject.store.readEntries(table, range, (_, entries) =>
          resolve(entries.map(({ key, value }) => `${key}=${[...value].join()}`)),
        );
      }),
    );
  }

  get application(): StoreUnderTest['application'] {
    return this.#subject.application;
  }

  checkEffect(effect: unknown): void {
    this.#subject.store.checkEffect(effect);
  }

  async #during<Value>(promise: Promise<Value>): Promise<Value> {
    // Looked at later: it must not count as unhandled meanwhile.
    promise.catch(() => {});
    await this.#subject.letTimePass?.();
    return promise;
  }
}

async function countsItsOpenings(store: ContractStore): Promise<void> {
  const first = await store.open();
  const second = await store.reopen();
  equal(first.sessions, []);
  equal([first.bootCount, second.bootCount], [1, 2]);
  equal(second.storeId, first.storeId);
}

async function givesBackInOrder(store: ContractStore): Promise<void> {
  await store.open();
  await store.commit(putSession('a'), putOutgoing('a', 2, 1), putOutgoing('a', 1, 1));
  await store.commit(putOutgoing('a', 1, 2), putIncoming('a', 1, 3), putIncoming('a', 1, 7));
  const { sessions } = await store.reopen();
  equal(places(sessions[0]?.outgoing), ['1/1', '1/2', '2/1']);
  equal(places(sessions[0]?.incoming), ['1/3', '1/7']);
  equal(sessions[0]?.outgoing[0]?.payload, Uint8Array.of(1, 1));
}

async function completesInOrder(store: ContractStore): Promise<void> {
  await store.open();
  const order: string[] = [];
  store.commitRaw([putSession('a')], () => order.push('first'));
  store.commitRaw([], () => order.push('second'));
  order.push('returned');
  await store.commit();
  equal(order, ['returned', 'first', 'second']);
}

async function replacesRecords(store: ContractStore): Promise<void> {
  await store.open();
  await store.commit(putSession('a', 'old'), putOutgoing('a', 1, 1));
  await store.commit(putSession('a', 'new'), putOutgoing('a', 1, 1, true));
  const { sessions } = await store.reopen();
  equal(sessions.length, 1);
  equal(sessions[0]?.session.identity, 'new');
  equal(
    sessions[0]?.outgoing.map(({ isResent }) => isResent),
    [true],
  );
}

async function dropsRecords(store: ContractStore): Promise<void> {
  await store.open();
  const puts = [1, 2, 3, 4].map((seq) => putOutgoing('a', 1, seq));
  await store.commit(putSession('a'), ...puts, putIncoming('a', 1, 1), putIncoming('a', 1, 2));
  await store.commit(
    { type: 'dropOutgoing', session: 'a', channel: 1, from: 1, to: 3 },
    { type: 'dropIncoming', session: 'a', channel: 1, seq: 1 },
  );
  const { sessions } = await store.reopen();
  equal(places(sessions[0]?.outgoing), ['1/3', '1/4']);
  equal(places(sessions[0]?.incoming), ['1/2']);
}

async function dropsSessions(store: ContractStore): Promise<void> {
  await store.open();
  await store.commit(putSession('a'), putOutgoing('a', 1, 1), putSession('b'));
  await store.commit({ type: 'dropSession', session: 'a' });
  await store.commit(putSession('a'));
  const { sessions } = await store.reopen();
  equal(
    sessions.map(({ session, outgoing }) => [session.session, outgoing.length]),
    [
      ['b', 0],
      ['a', 0],
    ],
  );
}

async function takesEmptyDrops(store: ContractStore): Promise<void> {
  await store.open();
  await store.commit(putSession('a'));
  await store.commit(
    { type: 'dropOutgoing', session: 'a', channel: 9, from: 1, to: 2 ** 53 - 1 },
    { type: 'dropIncoming', session: 'nobody', channel: 1, seq: 1 },
    { type: 'dropSession', session: 'nobody' },
  );
  equal((await store.reopen()).sessions.length, 1);
}

async function readsPages(store: ContractStore): Promise<void> {
  const total = OUTGOING_HEAD.maxMessages + 100;
  await store.open();
  const puts = Array.from({ length: total }, (_, index) => index + 1);
  await store.commit(
    putSession('a'),
    ...puts.flatMap((seq) => [putOutgoing('a', 1, seq), putOutgoing('a', 0, seq)]),
  );
  const { outgoing = [] } = (await store.reopen()).sessions[0] ?? {};
  const head = outgoing.filter(({ channel }) => channel === 1);
  equal(outgoing.length - head.length, total);
  equal([head.length, head.at(-1)?.seq], [OUTGOING_HEAD.maxMessages, OUTGOING_HEAD.maxMessages]);
  const rest = await store.outgoing({ from: head.length + 1, maxMessages: 60 });
  equal([rest.length, rest[0]?.seq, rest.at(-1)?.seq], [60, head.length + 1, head.length + 60]);
  equal((await store.outgoing({ from: head.length + 61 })).length, 40);
}

async function readsRanges(store: ContractStore): Promise<void> {
  await store.open();
  const puts = [1, 2, 3, 4, 5, 6].map((seq) => putOutgoing('a', 1, seq));
  await store.commit(putSession('a'), ...puts, putOutgoing('a', 2, 1));
  await store.commit(
    { type: 'dropOutgoing', session: 'a', channel: 1, from: 2, to: 4 },
    putOutgoing('a', 1, 5, true),
    putOutgoing('a', 1, 7),
  );
  equal(places(await store.outgoing({})), ['1/1', '1/4', '1/5', '1/6', '1/7']);
  equal(places(await store.outgoing({ from: 2, to: 6 })), ['1/4', '1/5']);
  equal(
    (await store.outgoing({ from: 4, to: 7 })).map(({ isResent }) => isResent),
    [false, true, false],
  );
  equal(places(await store.outgoing({ maxBytes: 5 })), ['1/1', '1/4']);
  equal(places(await store.outgoing({ maxBytes: 1 })), ['1/1']);
  equal(places(await store.outgoing({ maxMessages: 2, from: 3 })), ['1/4', '1/5']);
  equal(await store.outgoing({ from: 8 }), []);
  equal(await store.outgoing({ session: 'nobody' }), []);
  equal(await store.outgoing({ channel: 9 }), []);
}

async function keepsEntries(store: ContractStore): Promise<void> {
  await store.open();
  const puts = ['b', 'a', 'c'].map((key, index) => putEntry('ids', key, index));
  await store.commit(...puts, putEntry('meta', 'a', 9), putEntry('ids', '', 7));
  await store.commit(putEntry('ids', 'a', 5), { type: 'dropEntry', table: 'ids', key: 'c' });
  equal(await store.entry('ids', 'a'), Uint8Array.of(5));
  equal(await store.entry('ids', 'c'), undefined);
  await store.reopen();
  equal(await store.keys('ids', { limit: 9 }), ['=7', 'a=5', 'b=0']);
  equal(await store.keys('ids', { limit: 1 }), ['=7']);
  equal(await store.keys('ids', { after: '', limit: 1 }), ['a=5']);
  equal(await store.keys('ids', { after: 'a', limit: 9 }), ['b=0']);
  equal(await store.keys('ids', { after: 'b', limit: 9 }), []);
  equal(await store.keys('receipts', { limit: 9 }), []);
  equal(await store.entry('meta', 'a'), Uint8Array.of(9));
}

async function commitsEffects(store: ContractStore): Promise<void> {
  await store.open();
  let refused: unknown;
  try {
    store.checkEffect(17);
  } catch (error) {
    refused = error;
  }
  equal(refused === undefined, false);
  const { application } = store;
  if (application === undefined) return;
  const effect = application.put('account', 'rich');
  store.checkEffect(effect);
  await store.commit(putEntry('meta', 'a', 1), { type: 'effect', effect });
  equal(await application.read('account'), 'rich');
  await store.reopen();
  equal([await application.read('account'), (await store.entry('meta', 'a'))?.[0]], ['rich', 1]);
}

async function closesTwice(store: ContractStore): Promise<void> {
  await store.open();
  await store.close();
  await store.close();
}

function putSession(session: string, identity?: string): StoreOperation {
  const record: SessionRecord = {
    session,
    role: 'server',
    peerRunId: undefined,
    serverId: undefined,
    token: undefined,
    tokenHashes: [],
    identity,
    attempt: undefined,
  };
  return { type: 'putSession', record };
}

function putOutgoing(
  session: string,
  channel: number,
  seq: number,
  isResent = false,
): StoreOperation {
  const record: OutgoingRecord = {
    session,
    channel,
    seq,
    type: 'order',
    id: undefined,
    isResent,
    expiresAtWallMs: undefined,
    queuedAtWallMs: 0,
    voidReason: undefined,
    answer: undefined,
    payload: Uint8Array.of(channel, seq),
  };
  return { type: 'putOutgoing', record };
}

function putEntry(table: EntryTable, key: string, value: number): StoreOperation {
  return { type: 'putEntry', table, key, value: Uint8Array.of(value) };
}

function putIncoming(session: string, channel: number, seq: number): StoreOperation {
  const record: IncomingRecord = {
    session,
    channel,
    seq,
    type: 'order',
    id: undefined,
    isResent: false,
    expiresAtWallMs: undefined,
    attempts: 3,
    notBeforeWallMs: 1_700_000_000_000,
    acceptedAtWallMs: 1_600_000_000_000,
    cost: 2,
    extensions: [],
    payload: Uint8Array.of(channel, seq),
  };
  return { type: 'putIncoming', record };
}

function places(
  records: SessionContents['outgoing'] | SessionContents['incoming'] = [],
): readonly string[] {
  return records.map(({ channel, seq }) => `${channel}/${seq}`);
}

function equal(actual: unknown, expected: unknown): void {
  const [got, wanted] = [written(actual), written(expected)];
  if (got !== wanted) throw new Error(`got ${got}, wanted ${wanted}`);
}

function written(value: unknown): string {
  const plain = value instanceof Uint8Array ? { bytes: [...value] } : value;
  return String(JSON.stringify(plain));
}
