import type { RefuseFrame } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import type { ConnectFailure } from '../src/index.ts';
import { ScriptedPeer, welcome } from '../../endpoint/test/scripted-peer.ts';
import { start } from './scripted-server.ts';

describe('credentials that fail at once', () => {
  test('leave no try and no timer behind a client that is closed', async () => {
    let asked = 0;
    const { client, clock } = await start({
      credentials: () => {
        asked += 1;
        throw new Error('the vault is closed');
      },
    });
    await clock.advance(100);
    await client.close();
    await clock.settle();
    const askedUntilThen = asked;
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(asked).toBe(askedUntilThen);
  });
});

describe('`followElsewhere`', () => {
  const REFUSAL: RefuseFrame = {
    kind: 'refuse',
    code: 'WILCO_GOING_AWAY',
    reason: '',
    retryAfterMs: 100,
    elsewhere: ['other:2'],
  };

  test.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['is asynchronous', (async () => Promise.resolve(true)) as unknown as () => boolean],
    ['rejects', (async () => Promise.reject(new Error('no'))) as unknown as () => boolean],
  ])('that %s follows nobody, and harms nothing', async (_, followElsewhere) => {
    const { client, peer, clock, stop } = await start({ followElsewhere });
    const failures: ConnectFailure[] = [];
    client.on('connectFailed', (failure) => failures.push(failure));
    await peer.answers(REFUSAL);
    expect(failures).toMatchObject([{ error: { code: 'WILCO_GOING_AWAY' }, retryInMs: 100 }]);
    await clock.advance(200);
    await peer.answers({ ...REFUSAL, retryAfterMs: 0 });
    expect(failures.at(-1)?.address).toMatchObject({ port: 1 });
    await stop();
  });
});

test('a server that calls a session over by the code of this side’s own window loses it once', async () => {
  const { client, peer, clock, events, stop } = await start();
  await peer.answers(welcome());
  const [code, reason] = ['WILCO_RESUME_WINDOW_OVER', ''];
  await peer.answers({ kind: 'close', mode: 'end', code, reason, retryAfterMs: undefined });
  peer().say({ kind: 'closeAck', channels: [] });
  await clock.advance(100);
  expect([client.isOnline, events]).toEqual([false, ['online', `offline ${code}`]]);
  await peer.answers(welcome({ sessionId: '22'.repeat(16), newReason: 'ended' }));
  expect([client.isOnline, events.at(-1)]).toEqual([true, 'online']);
  await stop();
});

test('a server that always calls itself the wrong one is not dialled without a pause', async () => {
  const { client, peer, peers, clock, transport, stop } = await start();
  await peer.answers(welcome());
  let dials = 0;
  transport.onDial = (far) => {
    dials += 1;
    const other = new ScriptedPeer(far);
    // Bounded, so that a client without a pause fails this test rather than hang it.
    if (dials > 100) return;
    const answer = (): void => {
      other.say({ kind: 'refuse', code: 'WILCO_WRONG_SERVER', reason: '', retryAfterMs: 0 });
    };
    clock.schedule(clock.nowMs() + 1, answer);
  };
  peers[0]?.vanish();
  await clock.advance(60_000);
  expect(dials).toBeGreaterThan(5);
  expect(dials).toBeLessThan(20);
  expect(client.isOnline).toBe(false);
  await stop();
});
