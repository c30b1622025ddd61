import { expect, test } from 'vitest';
import { ANNOUNCEMENT, welcome } from '../../endpoint/test/scripted-peer.ts';
import { start } from './scripted-server.ts';

// The server asks for a word so seldom that the client has no deadline before its own verdict.
test.each([0.5, 10, 49, 60, 500])(
  'a process that is busy until %s ms after its deadline reads what has come before it says that the peer is dead',
  async (lateMs) => {
    const { peer, client, clock, events, stop } = await start({ waitMs: 1_000 });
    await peer.answers(welcome({ announcement: { ...ANNOUNCEMENT, waitMs: 1_000_000 } }));
    await clock.keepBusy(1_000 + lateMs, () => peer().say({ kind: 'ping', written: 0 }));
    expect([events, client.isOnline]).toEqual([['online'], true]);
    await clock.advance(990);
    expect(client.isOnline).toBe(true);
    await clock.advance(20);
    expect(events[1]).toBe('offline WILCO_PEER_SILENT');
    await stop();
  },
);
