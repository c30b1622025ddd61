import type { Frame } from '@wilco/protocol';
import { describe, expect, test } from 'vitest';
import { checkEnd } from './history.ts';
import { Pair, reply, type Fate, type Side } from './pair.ts';

/** A plain generator, so that a seed names a run for ever (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Loses, repeats and reorders. */
function bad(seed: number, lossShare: number): () => Fate {
  const random = randomOf(seed);
  return () => {
    if (random() < lossShare) return 'lose';
    const delays = [1 + Math.floor(random() * 20)];
    if (random() < 0.2) delays.push(1 + Math.floor(random() * 60));
    return delays;
  };
}

function unreliable(fate: (frame: Frame, from: Side, index: number) => Fate): Pair {
  const pair = new Pair();
  pair.isReliable = false;
  pair.fate = fate;
  pair.connect();
  return pair;
}

describe('a link that loses, repeats and reorders', () => {
  test.each(Array.from({ length: 25 }, (_, i) => i + 1))(
    'hands everything over once and in order (seed %i)',
    (seed) => {
      const pair = unreliable(bad(seed, 0.3));
      pair.server.respond = ({ seq }) => reply(seq);
      for (let i = 0; i < 40; i++) {
        const channel = ['default', 'two'][i % 2] ?? 'default';
        pair.send(pair.client, { bytes: Uint8Array.of(i), channel, type: `t${String(i % 3)}` });
        pair.send(pair.server, { bytes: Uint8Array.of(i) });
        if (i % 7 === 0) pair.advance(15);
      }
      pair.send(pair.client, { bytes: Uint8Array.from({ length: 200_000 }, (_, i) => i) });
      const doomed = pair.send(pair.client, { channel: 'two' });
      pair.client.session.cancel(doomed);
      pair.reconnectMs = 10;
      pair.advance(120_000);
      expect(pair.server.taken.filter(({ channelName }) => channelName === 'default')).toHaveLength(
        21,
      );
      checkEnd(pair);
      // Where a third of the heartbeats is lost a peer may fall silent; nothing else is wrong.
      for (const { code } of [...pair.client.dropped, ...pair.server.dropped]) {
        expect(code).toBe('WILCO_PEER_SILENT');
      }
    },
  );

  test('repeats what is missing with doubled patience, asking for an ACK at once', () => {
    const pair = unreliable((frame) => (frame.kind === 'message' ? 'lose' : 'pass'));
    pair.send(pair.client);
    pair.advance(9_000);
    const sent = pair.trace.filter((line) => line.endsWith('message #1'));
    const times = sent.map((line) => Number(line.split(' ')[0]));
    const gaps = times.map((ms, i) => ms - (times[i - 1] ?? 0)).slice(1);
    expect(gaps[0]).toBe(1_000);
    for (const [i, gap] of gaps.slice(2).entries()) {
      expect(gap).toBeGreaterThanOrEqual(1.9 * (gaps[i + 1] ?? 0));
    }
    const flags = pair.client.frames.flatMap((one) => (one.kind === 'message' ? [one.ackNow] : []));
    expect(flags.slice(0, 3)).toEqual([false, true, true]);
  });

  test('takes no sample of the round trip from what was sent twice', () => {
    let lost = 0;
    const pair = unreliable((frame) =>
      (frame.kind === 'message' && lost++ === 0) || frame.kind === 'probe' ? 'lose' : 'pass',
    );
    pair.send(pair.client);
    pair.advance(2_000);
    checkEnd(pair);
    expect(pair.client.session.stats(pair.nowMs).roundTripMs).toBeUndefined();
    pair.send(pair.client);
    pair.advance(100);
    expect(pair.client.session.stats(pair.nowMs).roundTripMs).toBe(2);
  });

  test('holds what came too early, inside the window, until the gap is filled', () => {
    let messages = 0;
    const pair = unreliable((frame) => {
      if (frame.kind !== 'message') return 'pass';
      messages += 1;
      return messages === 1 ? 'lose' : 'pass';
    });
    for (let i = 0; i < 5; i++) pair.send(pair.client);
    pair.advance(10);
    expect(pair.server.handledSeqs()).toEqual([]);
    pair.advance(1_500);
    expect(pair.server.handledSeqs()).toEqual([1, 2, 3, 4, 5]);
    checkEnd(pair);
  });

  test('goes on with a large message where the peer is, not from its beginning', () => {
    let fragments = 0;
    const pair = unreliable((frame) =>
      frame.kind === 'fragment' && ++fragments > 3 && fragments < 12 ? 'lose' : 'pass',
    );
    pair.send(pair.client, { bytes: new Uint8Array(700_000) });
    pair.advance(60_000);
    checkEnd(pair);
    const starts = pair.client.frames.filter(({ kind }) => kind === 'message');
    expect(starts).toHaveLength(1);
  });

  test('says goodbye again until it is answered', () => {
    let closes = 0;
    const pair = unreliable((frame) => (frame.kind === 'close' && ++closes <= 2 ? 'lose' : 'pass'));
    pair.client.session.close(
      { mode: 'end', code: 'WILCO_SESSION_ENDED', reason: '', retryAfterMs: undefined },
      pair.nowMs,
    );
    pair.advance(6_000);
    expect(pair.client.end?.code).toBe('WILCO_SESSION_ENDED');
    expect(pair.server.end?.code).toBe('WILCO_SESSION_ENDED');
    expect(pair.client.isFinished).toBe(true);
  });
});
