import { levelStore } from '@wilco/store/level';
import { rmSync } from 'node:fs';
const dir = process.argv[2] ?? '/tmp/store-try/perf';
const mode = process.argv[3] ?? 'commit';
const record = (session: string, seq: number, payload: Uint8Array) => ({ session, channel: 1, seq, type: 'order', id: undefined, isResent: false, expiresAtWallMs: undefined, queuedAtWallMs: 1_700_000_000_000 + seq, voidReason: undefined, answer: undefined, payload });
const sending = (session: string, next: number) => ({ session, channel: 1, name: 'main', next, reported: 1, base: 1, unsettled: 1, unsettledBytes: 1, firstExpiryWallMs: undefined, oldestQueuedWallMs: 1 });
const payload = new Uint8Array(100).fill(7);
const S = { session: 's', role: 'client', peerRunId: undefined, serverId: undefined, token: undefined, tokenHashes: [], identity: undefined, attempt: undefined } as const;
if (mode === 'commit') {
  for (const [per, total, sync] of [[1, 600, true], [64, 20_000, true], [1024, 200_000, true], [1, 20_000, false], [1024, 400_000, false]] as const) {
    rmSync(dir, { recursive: true, force: true });
    const store = levelStore(dir, { losesDataOnPowerFailure: !sync, reserveBytes: 0 });
    await store.open();
    await new Promise((r) => store.commit([{ type: 'putSession', record: S }], r));
    let seq = 1; const t = performance.now(); const c = process.cpuUsage(); let commits = 0;
    while (seq <= total) {
      const ops: any[] = [];
      for (let i = 0; i < per; i++) ops.push({ type: 'putOutgoing', record: record('s', seq++, payload) });
      ops.push({ type: 'putSending', record: sending('s', seq) });
      await new Promise<void>((r, j) => store.commit(ops, (e) => e ? j(e) : r())); commits++;
    }
    const ms = performance.now() - t; const u = process.cpuUsage(c);
    console.log(`${per}/commit sync=${sync}: ${(commits / ms * 1000).toFixed(0)} commits/s, ${(total / ms * 1000).toFixed(0)} messages/s, cpu ${((u.user + u.system) / total * 1000).toFixed(0)} ns/message, ${((u.user + u.system) / commits).toFixed(0)} us/commit`);
    await store.close();
  }
} else if (mode === 'fill') {
  rmSync(dir, { recursive: true, force: true });
  const store = levelStore(dir, { losesDataOnPowerFailure: true, reserveBytes: 0 });
  await store.open();
  await new Promise((r) => store.commit([{ type: 'putSession', record: S }], r));
  const per = Number(process.argv[4] ?? 1);
  let seq = 1; const total = 1_000_000;
  while (seq <= total) {
    const batch: Promise<void>[] = [];
    const ops: any[] = [];
    for (let i = 0; i < per; i++) ops.push({ type: 'putOutgoing', record: record('s', seq++, payload) });
    ops.push({ type: 'putSending', record: sending('s', seq) });
    await new Promise<void>((r, j) => store.commit(ops, (e) => e ? j(e) : r()));
  }
  await store.close();
} else {
  const t = performance.now(); const c = process.cpuUsage();
  const rss0 = process.memoryUsage().rss;
  const store = levelStore(dir, { losesDataOnPowerFailure: true, reserveBytes: 0 });
  const contents = await store.open();
  const u = process.cpuUsage(c);
  console.log(`open ${(performance.now() - t).toFixed(0)} ms, cpu ${((u.user + u.system) / 1000).toFixed(0)} ms, head ${contents.sessions[0]?.outgoing.length}, damage ${contents.damage.length}, rss ${(rss0 / 1e6).toFixed(0)} -> ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  const t2 = performance.now(); let n = 0; let from = 1;
  for (;;) { const page: any = await new Promise((r, j) => store.readOutgoing({ session: 's', channel: 1, from, to: 2 ** 53 - 1, maxMessages: 4096, maxBytes: 1 << 22 }, (e, p) => e ? j(e) : r(p))); if (page.length === 0) break; n += page.length; from = page.at(-1).seq + 1; }
  console.log(`read ${n} in ${(performance.now() - t2).toFixed(0)} ms, rss ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  await store.close();
}
