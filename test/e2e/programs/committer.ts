/** Commits to a store in a folder, three records at a time, and tells each commit that holds. */
import { levelStore } from '@wilco/store/level';
import type { OutgoingRecord, SessionRecord } from '@wilco/protocol';

const { folder, next } = JSON.parse(process.argv[2] ?? '{}') as { folder: string; next: number };
const store = levelStore(folder);
await store.open();
const session = 's';
const record: SessionRecord = {
  session,
  role: 'client',
  peerRunId: undefined,
  serverId: undefined,
  token: undefined,
  tokenHashes: [],
  identity: undefined,
  attempt: undefined,
};
store.commit([{ type: 'putSession', record }], () => {});
process.send?.({ event: 'open', atMs: Date.now() });

let seq = next;
/** Several at once, so that some are always under way. */
function commitNext(): void {
  const own = seq++;
  store.commit(
    [
      { type: 'putOutgoing', record: message(own) },
      { type: 'putEntry', table: 'meta', key: 'last', value: Buffer.from(String(own)) },
      { type: 'effect', effect: [{ type: 'put', key: 'last', value: own }] },
    ],
    (error) => {
      if (error !== undefined) throw error as Error;
      process.send?.({ event: 'committed', atMs: Date.now(), seq: own });
      commitNext();
    },
  );
}
for (let count = 0; count < 4; count++) commitNext();

function message(own: number): OutgoingRecord {
  return {
    session,
    channel: 1,
    seq: own,
    type: 'order',
    id: undefined,
    isResent: false,
    expiresAtWallMs: undefined,
    queuedAtWallMs: 0,
    voidReason: undefined,
    answer: undefined,
    payload: Buffer.alloc(200, own % 256),
  };
}
