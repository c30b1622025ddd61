import { createHash } from 'node:crypto';
import { messagePack } from '@wilco/codec';
import type { SessionId, StoreEntry } from '@wilco/protocol';
import {
  MessageIds,
  type IdEncoding,
  type IdReach,
  type IdRecord,
  type MessageIdLimits,
} from '@wilco/session';
import type { Clock } from './clock.ts';
import type { StoreContents } from '@wilco/store';
import type { StoreDriver } from './store-driver.ts';

/** As many bits as keep two bodies apart for good: 132. */
const HASH_LETTERS = 22;
const ENCODING = messagePack();

const BYTES: IdEncoding = {
  encode: (record) => ENCODING.encode(rowOf(record)),
  encodeReach: ({ sinceWallMs, forgottenWallMs }) =>
    ENCODING.encode([sinceWallMs, forgottenWallMs]),
};

/** A table of ids, of which nothing is remembered yet. */
export function messageIds(limits: MessageIdLimits, clock: Clock): MessageIds {
  return new MessageIds(limits, BYTES, clock.wallMs());
}

/**
 * Opens a store, and puts back into the table what it held of ids, and into another memory what
 * is its own. Rejects with `WILCO_STORE_FAILED`.
 */
export async function openRemembering(
  store: StoreDriver,
  table: MessageIds,
  other: { restore(isDamaged: boolean): Promise<void> },
): Promise<StoreContents | undefined> {
  const contents = await store.open();
  if (contents === undefined) return undefined;
  try {
    await restoreIds(table, store, contents);
    await other.restore(contents.damage.length > 0);
  } catch (error) {
    await store.close();
    throw error;
  }
  return contents;
}

/**
 * Puts back what a store held: where nothing else was damaged, all of it. What is pending and
 * belongs to no session any more has nobody who would ever end it.
 */
async function restoreIds(
  table: MessageIds,
  store: StoreDriver,
  { sessions }: StoreContents,
): Promise<void> {
  const places = new Set<string>();
  for (const { incoming } of sessions) {
    for (const { session, channel, seq } of incoming) places.add(placeName(session, channel, seq));
  }
  const [entries, meta] = [await store.entriesOf('ids'), await store.entriesOf('meta')];
  const records = entries.map(({ value }) => recordOf(ENCODING.decode(value) as unknown[]));
  table.restore(
    records,
    reachOf(meta.find(({ key }) => key === 'ids')),
    ({ session, channel, seq }) => places.has(placeName(session, channel, seq)),
    (operation) => store.persist(operation),
  );
}

function reachOf(entry: StoreEntry | undefined): IdReach | undefined {
  if (entry === undefined) return undefined;
  const [sinceWallMs, forgottenWallMs] = ENCODING.decode(entry.value) as [number, number];
  return { sinceWallMs, forgottenWallMs };
}

function placeName(session: SessionId, channel: number, seq: number): string {
  return `${session} ${channel} ${seq}`;
}

/** In the order in which it is kept: names would cost more than what they name. */
function rowOf(record: IdRecord): unknown[] {
  const { scope, id, hash, state, end, place, ageWallMs } = record;
  const { session, channel, seq } = place;
  const ended = end && [
    end.outcome,
    end.code,
    end.reason,
    end.hasRun,
    end.isRetryable,
    end.payload,
  ];
  return [scope, id, hash, state, ended, session, channel, seq, ageWallMs];
}

function recordOf(row: unknown[]): IdRecord {
  const [scope, id, hash, state, ended, session, channel, seq, ageWallMs] = row as [
    string,
    string,
    string | undefined,
    IdRecord['state'],
    unknown[] | undefined,
    string,
    number,
    number,
    number,
  ];
  return { scope, id, hash, state, end: endOf(ended), place: { session, channel, seq }, ageWallMs };
}

function endOf(ended: unknown[] | undefined): IdRecord['end'] {
  if (ended === undefined) return undefined;
  const [outcome, code, reason, hasRun, isRetryable, payload] = ended as [
    NonNullable<IdRecord['end']>['outcome'],
    string,
    string,
    boolean,
    boolean,
    Uint8Array | undefined,
  ];
  return { outcome, code, reason, hasRun, isRetryable, payload };
}

/** Of the type and the payload: a message is the same again only with both. */
export function hashOf(type: string, payload: Uint8Array): string {
  const hash = createHash('sha256').update(type).update('\0').update(payload);
  return hash.digest('base64').slice(0, HASH_LETTERS);
}
