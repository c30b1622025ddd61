import { ClassicLevel } from 'classic-level';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StoreDamage } from '../../src/index.ts';
import { levelStore, openStoreForReading, type StoreReader } from '../../src/level/index.ts';
import { place } from './folders.ts';
import {
  answer,
  commit,
  incoming,
  outgoing,
  receiving,
  sending,
  sessionRecord,
} from './records.ts';

const ALL = { from: 1, to: 2 ** 53 - 1, maxMessages: 1_000, maxBytes: 1e9 };

describe('a look into a store', () => {
  test('shows its sessions, how much waits in them, and pages of it, and changes nothing', async () => {
    const folder = await filled();
    for (let look = 0; look < 2; look++) {
      const reader = await openStoreForReading(folder);
      const [session] = reader.sessions();
      expect(session?.session.identity).toBe('bytes: of somebody');
      expect(session?.sending).toMatchObject([{ channel: 1, unsettled: 9 }]);
      expect(session?.receiving).toMatchObject([{ channel: 1, received: 3 }]);
      expect(session?.outgoing).toEqual([
        { channel: 0, next: 2, base: 1, messages: 1 },
        { channel: 1, next: 10, base: 4, messages: 5 },
      ]);
      expect(session?.incoming).toEqual([{ channel: 1, next: 3, base: 1, messages: 2 }]);
      const pending = await reader.outgoing('a', 1, { ...ALL, from: 5, maxMessages: 2 });
      expect(pending.map(({ seq }) => seq)).toEqual([5, 7]);
      expect((await reader.incoming('a', 1, ALL)).map(({ seq }) => seq)).toEqual([1, 2]);
      expect(await reader.outgoing('nobody', 1, ALL)).toEqual([]);
      expect(await reader.entries('deadLetters', { limit: 9 })).toMatchObject([{ key: 'x' }]);
      expect([reader.bootCount, reader.newestCommit, reader.damage]).toEqual([1, 5, []]);
      expect(await findings(reader)).toEqual([]);
      await reader.close();
    }
  });

  test('tells every record that is not what was written', async () => {
    const folder = await filled();
    const keys = ['!wilco!s00000001o01m00000000000009.9', '!wilco!edeadLetters!x'];
    const database = new ClassicLevel<string, Uint8Array>(join(folder, 'database'), {
      valueEncoding: 'view',
      compression: false,
    });
    for (const key of keys) {
      const value = new Uint8Array((await database.get(key)) ?? []);
      value[2] = (value[2] ?? 0) ^ 16;
      await database.put(key, value);
    }
    await database.close();
    const reader = await openStoreForReading(folder);
    const found = await findings(reader);
    for (const key of keys) expect(found.some(({ detail }) => detail.includes(key))).toBe(true);
    await reader.close();
  });

  test('is refused while the owner runs, and where there is nothing', async () => {
    const folder = await filled();
    const store = levelStore(folder);
    await store.open();
    const locked = { code: 'WILCO_STORE_LOCKED' };
    await expect(openStoreForReading(folder)).rejects.toMatchObject(locked);
    await store.close();
    const nothing = { code: 'WILCO_STORE_FAILED' };
    await expect(openStoreForReading(place())).rejects.toMatchObject(nothing);
  });
});

async function filled(): Promise<string> {
  const folder = place();
  const store = levelStore(folder);
  await store.open();
  await commit(store, { type: 'putSession', record: sessionRecord('a') });
  const puts = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((seq) => outgoing('a', seq));
  await commit(
    store,
    ...puts.map((record) => ({ type: 'putOutgoing', record }) as const),
    { type: 'putSending', record: sending('a', 10) },
    { type: 'putOutgoing', record: answer('a', 1) },
    { type: 'putIncoming', record: incoming('a', 1) },
    { type: 'putIncoming', record: incoming('a', 2) },
    { type: 'putReceiving', record: receiving('a', 3) },
  );
  await commit(
    store,
    { type: 'dropOutgoing', session: 'a', channel: 1, from: 1, to: 4 },
    { type: 'dropOutgoing', session: 'a', channel: 1, from: 6, to: 7 },
    { type: 'putOutgoing', record: { ...outgoing('a', 5), voidReason: 'failed' } },
  );
  await commit(store, {
    type: 'putEntry',
    table: 'deadLetters',
    key: 'x',
    value: Uint8Array.of(1),
  });
  await store.close();
  return folder;
}

async function findings(reader: StoreReader): Promise<StoreDamage[]> {
  const found: StoreDamage[] = [];
  for await (const one of reader.verify()) found.push(one);
  return found;
}
