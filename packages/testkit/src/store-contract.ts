import type {
  IncomingRecord,
  OutgoingRecord,
  SessionContents,
  SessionRecord,
  StoreOperation,
} from '@wilco/protocol';
import type { Store, StoreContents } from '@wilco/store';

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
    run: async () => run(new ContractStore(await make())),
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
  await store.commit(putSession('a'), putOutgoing('a', 2, 1), putOutgoing('a', 1, 2));
  await store.commit(putOutgoing('a', 1, 1), putIncoming('a', 1, 7), putIncoming('a', 1, 3));
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
