import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { afterAll, describe, test } from 'vitest';
import { storeContract } from '../../../testkit/src/store-contract.ts';
import { levelStore } from '../../src/level/index.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'wilco-store-'));
let count = 0;

afterAll(() => {
  rmSync(FOLDER, { recursive: true });
});

const CASES = [
  ...storeContract('a store in a folder', () => {
    const store = levelStore(join(FOLDER, String(count++)));
    return {
      store,
      application: {
        put: (key, value) => [{ type: 'put', key, value }],
        read: (key) => store.database.get(key),
      },
    };
  }),
  ...storeContract('a store that leaves syncing to the system', () => ({
    store: levelStore(join(FOLDER, String(count++)), { losesDataOnPowerFailure: true }),
  })),
  ...storeContract('a store in a database of classic-level that is open', () => {
    const database = new ClassicLevel<string, number>(join(FOLDER, String(count++)));
    const accounts = database.sublevel<string, { owner: string }>('accounts', {
      valueEncoding: 'json',
    });
    return {
      store: levelStore({ database }),
      application: {
        put: (key, owner) => [{ type: 'put', sublevel: accounts, key, value: { owner } }],
        read: async (key) => (await accounts.get(key))?.owner,
      },
    };
  }),
  ...storeContract('a store in a database of memory-level', () => {
    const database = new MemoryLevel<string, string>();
    return {
      store: levelStore({ database, prefix: 'other' }),
      application: {
        put: (key, value) => [{ type: 'put', key, value }],
        read: (key) => database.get(key),
      },
    };
  }),
];

describe('the contract of stores', () => {
  test.each(CASES)('$name', async ({ run }) => run());
});
