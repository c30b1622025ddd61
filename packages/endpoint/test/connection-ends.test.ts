/** A transport reports the end of a connection in any order: it ends once, with its first report. */
import { describe, expect, test } from 'vitest';
import type { ConnectionEvents } from '../src/transport.ts';
import { FrameConnection } from '../src/frame-connection.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryConnection } from './memory-transport.ts';

const REPORTS: Readonly<Record<string, (events: ConnectionEvents) => void>> = {
  end: (events) => events.ended(),
  error: (events) => events.failed(new Error('reset')),
  close: (events) => events.closed(),
  bytes: (events) => events.received(Uint8Array.of(0xff)),
  open: (events) => events.opened(),
};

const ORDERS = [
  ['error'],
  ['end'],
  ['close'],
  ['error', 'error'],
  ['error', 'close'],
  ['error', 'end', 'close'],
  ['end', 'error', 'close'],
  ['end', 'close', 'error'],
  ['close', 'end'],
  ['close', 'error', 'end'],
  ['end', 'end', 'end'],
  ['error', 'bytes', 'open', 'close'],
  ['close', 'bytes', 'bytes', 'error'],
  ['end', 'open', 'bytes', 'close'],
];

describe('a connection whose transport reports', () => {
  test.each(ORDERS.map((order) => [order.join(', '), order] as const))(
    '%s, ends once, and holds nothing',
    async (_, order) => {
      const { near, log, clock } = make();
      for (const report of order) REPORTS[report]?.(near.events);
      expect(log).toEqual([order[0] === 'error' ? 'ended: reset' : 'ended: without a word']);
      expect(near.isDestroyed).toBe(true);
      await clock.advance(60_000);
      expect([log.length, clock.pending]).toEqual([1, 0]);
    },
  );

  test.each(ORDERS.map((order) => [order.join(', '), order] as const))(
    '%s, after it was let go of, tells nothing',
    async (_, order) => {
      const { frames, near, log, clock } = make();
      frames.destroy();
      for (const report of order) REPORTS[report]?.(near.events);
      await clock.advance(60_000);
      expect([log, clock.pending]).toEqual([[], 0]);
    },
  );

  test.each(ORDERS.map((order) => [order.join(', '), order] as const))(
    '%s, while it is ended politely, is gone at once and tells nothing',
    async (_, order) => {
      const { frames, near, log, clock } = make();
      let gone = 0;
      frames.finish();
      void frames.gone.then(() => (gone += 1));
      for (const report of order) REPORTS[report]?.(near.events);
      await clock.settle();
      expect([log, gone, near.isDestroyed]).toEqual([[], 1, true]);
      await clock.advance(60_000);
      expect(clock.pending).toBe(0);
    },
  );

  test('nothing at all after it was ended politely is gone after a while', async () => {
    const { frames, near, clock } = make();
    let gone = 0;
    frames.finish();
    void frames.gone.then(() => (gone += 1));
    near.events.received(Uint8Array.of(1));
    await clock.advance(499);
    expect([gone, near.isDestroyed]).toEqual([0, false]);
    await clock.advance(1);
    expect([gone, near.isDestroyed, clock.pending]).toEqual([1, true, 0]);
  });

  test('its end while its owner is told of that end, ends once', () => {
    const { near, log } = make((events) => {
      events.closed();
      events.failed(new Error('again'));
    });
    near.events.ended();
    expect(log).toEqual(['ended: without a word']);
  });
});

function make(whenEnded: (events: ConnectionEvents) => void = () => {}) {
  const clock = new ManualClock();
  const near = new MemoryConnection(clock, { remote: 'far' });
  const log: string[] = [];
  const frames = new FrameConnection(
    near,
    {
      clock,
      frameTimeoutMs: 1_000,
      maxUnsentBytes: 1_000,
      lingerMs: 500,
      isOpeningLimited: false,
    },
    {
      opened: () => log.push('opened'),
      heard: () => log.push('heard'),
      frame: ({ kind }) => log.push(kind),
      readDone: () => log.push('read'),
      ended: (cause) => {
        log.push(`ended: ${cause?.message ?? 'without a word'}`);
        whenEnded(near.events);
      },
      broken: ({ code }) => log.push(`broken: ${code}`),
      late: () => log.push('late'),
    },
  );
  frames.setDeadline(clock.nowMs() + 30_000);
  return { frames, near, clock, log };
}
