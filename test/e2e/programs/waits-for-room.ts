/** Commits to a store whose disk has no room for a while, and has nothing else to do. */
import { levelStore } from '@wilco/store/level';
import { task, tell } from './telling.ts';

const { folder } = task() as { readonly folder: string };
const own = levelStore(folder);
await own.open();
const { database } = own;
await own.close();

let left = 0;
const batch = database.batch.bind(database) as (...given: unknown[]) => Promise<void>;
const noRoom = (...given: unknown[]): Promise<void> => {
  if (left === 0) return batch(...given);
  left -= 1;
  return Promise.reject(new Error('IO error: 000005.log: No space left on device'));
};
Object.assign(database, { batch: noRoom });
const store = levelStore({ database });
await store.open();
left = 3;
const value = Uint8Array.of(1);
store.commit([{ type: 'putEntry', table: 'meta', key: 'x', value }], (error) => {
  tell(error === undefined ? 'committed' : 'failed');
});
