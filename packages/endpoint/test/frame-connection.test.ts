import { describe, expect, test } from 'vitest';
import { FrameEncoder } from '@wilco/codec';
import type { Frame } from '@wilco/protocol';
import { FrameConnection } from '../src/frame-connection.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryConnection } from './memory-transport.ts';
import { hello, ScriptedPeer } from './scripted-peer.ts';

const PING: Frame = { kind: 'ping', written: 0 };

describe('a connection', () => {
  test('begins with the preamble, and writes what was appended in one go', async () => {
    const { frames, peer, clock } = make();
    frames.write(PING);
    frames.write(PING);
    await clock.settle();
    expect(peer.kinds).toEqual([]);
    frames.flush();
    await clock.settle();
    expect(peer.kinds).toEqual(['ping', 'ping']);
    expect(frames.framesWritten).toBe(2);
  });

  test('ends once, with whatever the transport reports first', () => {
    const { near, log } = make();
    near.events.failed(new Error('reset'));
    near.events.ended();
    near.events.closed();
    expect(log).toEqual(['ended: reset']);
    expect(near.isDestroyed).toBe(true);
  });

  test('that was let go of tells nothing more, whatever still comes', async () => {
    const { frames, near, peer, log, clock } = make();
    frames.destroy();
    near.events.received(pingBytes());
    near.events.failed(new Error('late'));
    peer.say(PING);
    await clock.advance(60_000);
    expect(log).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('that its owner lets go of in the middle of a read gets no more of that read', () => {
    const { frames, near, log, settings } = make();
    settings.onFrame = () => frames.destroy();
    near.events.received(Buffer.concat([preamble(), pingBytes(), pingBytes()]));
    expect(log).toEqual(['heard', 'ping']);
  });

  test('that the peer breaks says how, after the frames before it', () => {
    const { near, log } = make();
    near.events.received(Buffer.concat([preamble(), pingBytes(), Uint8Array.of(2, 0, 0)]));
    expect(log).toEqual(['heard', 'ping', 'broken: WILCO_FRAME_MALFORMED']);
  });

  test('holds a stranger to four KiB, until it is admitted', () => {
    const large = bytesOf({ kind: 'credentials', credentials: new Uint8Array(2_000) });
    const strange = make({ isOpeningLimited: true });
    strange.near.events.received(Buffer.concat([preamble(), large, large, large]));
    expect(strange.log.at(-1)).toBe('broken: WILCO_FRAME_TOO_LARGE');
    const known = make({ isOpeningLimited: true });
    known.near.events.received(preamble());
    known.frames.admit();
    known.near.events.received(Buffer.concat([large, large, large]));
    expect(known.log.filter((line) => line === 'credentials')).toHaveLength(3);
  });

  test('takes the largest HELLO there is', () => {
    const { near, log } = make({ isOpeningLimited: true });
    const big = hello({
      session: { id: 'ff'.repeat(16), token: new Uint8Array(32) },
      expectedServer: 's'.repeat(255),
      credentials: new Uint8Array(2_048),
      channels: Array.from({ length: 64 }, (_, channel) => ({
        channel,
        first: Number.MAX_SAFE_INTEGER,
        reported: Number.MAX_SAFE_INTEGER,
      })),
    });
    near.events.received(Buffer.concat([preamble(), bytesOf(big)]));
    expect(log).toEqual(['heard', 'hello', 'read']);
  });

  test('gives a frame that was begun its time, and not a moment more for each byte', async () => {
    const { near, log, clock } = make();
    near.events.received(preamble());
    const large = bytesOf({ kind: 'credentials', credentials: new Uint8Array(100) });
    for (let index = 0; index < 9; index++) {
      near.events.received(large.subarray(index, index + 1));
      await clock.advance(120);
    }
    expect(log.at(-1)).toBe('broken: WILCO_FRAME_TIMEOUT');
  });

  test('does not take one slow frame for another', async () => {
    const { near, log, clock } = make();
    const ping = pingBytes();
    near.events.received(Buffer.concat([preamble(), ping.subarray(0, 3)]));
    for (let round = 0; round < 5; round++) {
      await clock.advance(600);
      near.events.received(Buffer.concat([ping.subarray(3), ping.subarray(0, 3)]));
    }
    expect(log.filter((line) => line.startsWith('broken'))).toEqual([]);
    await clock.advance(1_000);
    expect(log.at(-1)).toBe('broken: WILCO_FRAME_TIMEOUT');
  });

  test('is late at its deadline, whatever comes in', async () => {
    const { frames, near, log, clock } = make();
    frames.setDeadline(clock.nowMs() + 500);
    near.events.received(Buffer.concat([preamble(), pingBytes()]));
    await clock.advance(600);
    expect(log.at(-1)).toBe('late');
  });

  test('whose peer does not read is broken, when too much waits for it', () => {
    const { frames, near, log } = make();
    near.unsentBytes = 1_000;
    frames.flush();
    expect(log).toEqual([]);
    near.unsentBytes = 1_001;
    frames.flush();
    expect(log).toEqual(['broken: WILCO_SLOW_PEER']);
  });

  test('that is ended politely waits for the peer’s end, and not for ever', async () => {
    const { frames, peer, near, clock } = make();
    let isGone = false;
    frames.finish(PING);
    void frames.gone.then(() => (isGone = true));
    await clock.settle();
    expect([peer.kinds, peer.isEnded, near.isDestroyed, isGone]).toEqual([
      ['ping'],
      true,
      false,
      false,
    ]);
    await clock.advance(1_000);
    expect([near.isDestroyed, isGone, clock.pending]).toEqual([true, true, 0]);
  });
});

function make(changes: { isOpeningLimited?: boolean } = {}) {
  const clock = new ManualClock();
  const near = new MemoryConnection(clock, { remote: 'far' });
  const far = new MemoryConnection(clock, { remote: 'near' });
  near.peer = far;
  far.peer = near;
  const peer = new ScriptedPeer(far);
  const log: string[] = [];
  const settings: { onFrame: () => void } = { onFrame: () => {} };
  const frames = new FrameConnection(
    near,
    {
      clock,
      frameTimeoutMs: 1_000,
      maxUnsentBytes: 1_000,
      lingerMs: 500,
      isOpeningLimited: false,
      ...changes,
    },
    {
      opened: () => log.push('opened'),
      heard: () => log.push('heard'),
      frame: ({ kind }) => {
        log.push(kind);
        settings.onFrame();
      },
      readDone: () => log.push('read'),
      ended: (cause) => log.push(`ended: ${cause?.message ?? 'without a word'}`),
      broken: ({ code }) => log.push(`broken: ${code}`),
      late: () => log.push('late'),
    },
  );
  return { frames, near, peer, clock, log, settings };
}

function bytesOf(frame: Frame): Uint8Array {
  const encoder = new FrameEncoder();
  encoder.append(frame);
  return Buffer.concat(encoder.take());
}

function pingBytes(): Uint8Array {
  return bytesOf(PING);
}

function preamble(): Uint8Array {
  const encoder = new FrameEncoder();
  encoder.appendPreamble();
  return Buffer.concat(encoder.take());
}
