import type {
  IncomingRecord,
  OutgoingRecord,
  ReceivingRecord,
  SendingRecord,
  SessionRecord,
  StoreOperation,
} from '@wilco/protocol';
import type { Store } from '../../src/index.ts';

/** A record of a session, with all that a server keeps. */
export function sessionRecord(session: string): SessionRecord {
  return {
    session,
    role: 'server',
    peerRunId: 'run 1',
    serverId: undefined,
    token: undefined,
    tokenHashes: [Uint8Array.of(1, 2, 3), Uint8Array.of(255)],
    identity: 'bytes: of somebody',
    attempt: { boot: 3, counter: 7 },
  };
}

export function outgoing(session: string, seq: number, size = 20): OutgoingRecord {
  return {
    session,
    channel: 1,
    seq,
    type: seq % 3 === 0 ? 'order' : 'notice',
    id: seq % 2 === 0 ? undefined : `id ${String(seq)}`,
    isResent: seq % 5 === 0,
    expiresAtWallMs: seq % 4 === 0 ? 1_700_000_000_000 + seq : undefined,
    queuedAtWallMs: 1_700_000_000_000 + seq,
    voidReason: undefined,
    answer: undefined,
    payload: new Uint8Array(size).fill(seq),
  };
}

/** An answer in the outbox. */
export function answer(session: string, seq: number): OutgoingRecord {
  return {
    ...outgoing(session, seq),
    channel: 0,
    type: '',
    id: undefined,
    answer: {
      channel: 2,
      seq: seq + 10,
      id: 'täglich',
      outcome: 'rejected',
      code: 'OUT_OF_STOCK',
      reason: 'nothing is left',
      hasRun: true,
      isRetryable: false,
    },
  };
}

export function incoming(session: string, seq: number): IncomingRecord {
  return {
    session,
    channel: 1,
    seq,
    type: 'order',
    id: `id ${String(seq)}`,
    isResent: seq % 2 === 0,
    expiresAtWallMs: undefined,
    attempts: seq % 3,
    notBeforeWallMs: seq % 2 === 0 ? 1_700_000_000_123 : undefined,
    acceptedAtWallMs: 1_700_000_000_000 + seq,
    cost: 34,
    extensions: seq % 2 === 0 ? [] : [{ tag: 64, value: Uint8Array.of(seq) }],
    payload: new Uint8Array(24).fill(seq),
  };
}

export function sending(session: string, next: number): SendingRecord {
  return {
    session,
    channel: 1,
    name: 'main',
    next,
    first: 1,
    reported: 1,
    base: 1,
    unsettled: next - 1,
    unsettledBytes: 20 * (next - 1),
    firstExpiryWallMs: undefined,
    oldestQueuedWallMs: 1_700_000_000_001,
  };
}

export function receiving(session: string, received: number): ReceivingRecord {
  return {
    session,
    channel: 1,
    name: 'main',
    received,
    handled: 2,
    ranges: [3, 4, 6, 9],
    startedBelow: 5,
  };
}

/** Commits, and waits until that holds. */
export function commit(store: Store, ...operations: StoreOperation[]): Promise<void> {
  return new Promise((resolve, reject) => {
    store.commit(operations, (error) => {
      if (error === undefined) resolve();
      else reject(asError(error));
    });
  });
}

/** All outgoing messages of a channel. */
export function readAll(store: Store, session: string, channel = 1): Promise<readonly unknown[]> {
  const range = { session, channel, from: 1, to: 2 ** 53 - 1 };
  return new Promise((resolve, reject) => {
    store.readOutgoing({ ...range, maxMessages: 1e9, maxBytes: 1e12 }, (error, records) => {
      if (error === undefined) resolve(records);
      else reject(asError(error));
    });
  });
}

/** All entries of a table. */
export function entriesOf(store: Store, table: 'ids' | 'meta'): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    store.readEntries(table, { limit: 1e6 }, (error, entries) => {
      if (error === undefined) resolve(entries);
      else reject(asError(error));
    });
  });
}

/** What a store failed with. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('no error at all', { cause: error });
}
