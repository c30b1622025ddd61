import type { SessionId } from '@wilco/protocol';
import { MessageIds, type IdRecord, type IdSetting, type PastSession } from '../src/index.ts';
import type { ModelStore } from './model-store.ts';

/** What a side remembers of ids in a test. */
export interface IdMemory extends IdSetting {
  readonly table: MessageIds;
  /** Sessions that the one under test follows. */
  readonly past: Map<SessionId, PastSession>;
}

/** A memory of ids with room for what a test needs. */
export function idMemory(
  limits: { maxIds?: number; idAgeMs?: number; idReplyBytes?: number } = {},
): IdMemory {
  const { maxIds = 100, idAgeMs = 1_000_000, idReplyBytes = 1_000 } = limits;
  const past = new Map<SessionId, PastSession>();
  return {
    table: new MessageIds({ maxIds, idAgeMs, idReplyBytes }, { encode, encodeReach }, 0),
    scope: 'anna',
    past,
    hashOf: (type, payload) => `${type} ${payload.join(',')}`,
    pastOf: (session) => past.get(session),
  };
}

/** The memory that finds what a store kept of another one. */
export function restoredMemory(store: ModelStore): IdMemory {
  const memory = idMemory();
  const records: IdRecord[] = [];
  for (const [key, value] of store.entries) {
    if (key.startsWith('ids ')) records.push(decode(value));
  }
  memory.table.restore(
    records,
    undefined,
    () => true,
    () => {},
  );
  return memory;
}

function encodeReach(): Uint8Array {
  return new Uint8Array(0);
}

function encode(record: IdRecord): Uint8Array {
  const text = JSON.stringify(record, (_, value: unknown) =>
    value instanceof Uint8Array ? { bytes: [...value] } : value,
  );
  return new Uint8Array([...text].map((character) => character.charCodeAt(0)));
}

function decode(value: Uint8Array): IdRecord {
  return JSON.parse(String.fromCharCode(...value), (_, one: unknown) => {
    if (typeof one !== 'object' || one === null || !('bytes' in one)) return one;
    return Uint8Array.from(one.bytes as number[]);
  }) as IdRecord;
}
