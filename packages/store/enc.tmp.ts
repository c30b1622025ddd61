import { CommitBatch } from './src/level/commit-batch.ts';
import { RecordWriter } from './src/level/record-writer.ts';
import { StoreState } from './src/level/store-state.ts';
import { StoreKeys } from './src/level/store-keys.ts';
const payload = new Uint8Array(100).fill(7);
for (const per of [1, 64, 1024]) {
  const state = new StoreState(new StoreKeys('wilco')); state.session('s'); const writer = new RecordWriter();
  let seq = 1; let number = 1;
  for (let round = 0; round < 3; round++) {
    const n = 300_000; const c = process.cpuUsage();
    for (let done = 0; done < n; done += per) {
      const b = new CommitBatch(state, writer);
      const ops: any[] = [];
      for (let i = 0; i < per; i++) { const s = seq++; ops.push({ type: 'putOutgoing', record: { session: 's', channel: 1, seq: s, type: 'order', id: undefined, isResent: false, expiresAtWallMs: undefined, queuedAtWallMs: 1_700_000_000_000 + s, voidReason: undefined, answer: undefined, payload } }); }
      ops.push({ type: 'dropOutgoing', session: 's', channel: 1, from: seq - 2 * per, to: seq - per });
      ops.push({ type: 'putSending', record: { session: 's', channel: 1, name: 'main', next: seq, reported: 1, base: 1, unsettled: 1, unsettledBytes: 1, firstExpiryWallMs: undefined, oldestQueuedWallMs: 1 } });
      b.add(ops); b.seal(number++, 1); b.completed(true);
    }
    const u = process.cpuUsage(c);
    console.log(per, ((u.user + u.system) / n * 1000).toFixed(0), 'ns per message, encoding alone (with making the records)');
  }
}
