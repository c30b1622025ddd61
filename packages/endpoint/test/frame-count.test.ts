import { describe, expect, test } from 'vitest';
import { FrameEncoder } from '@wilco/codec';
import type { Connection, ConnectionEvents } from '../src/transport.ts';
import { systemClock } from '../src/clock.ts';
import { FrameConnection } from '../src/frame-connection.ts';

describe('a connection that may lose frames', () => {
  test('never counts fewer frames than it did, also after something that does not decode', () => {
    const events = { current: undefined as ConnectionEvents | undefined };
    const connection: Connection = {
      remote: 'elsewhere',
      isExposed: false,
      isReliable: false,
      unsentBytes: 0,
      attach: (given) => (events.current = given),
      write: () => {},
      end: () => {},
      destroy: () => {},
    };
    const setting = {
      clock: systemClock,
      frameTimeoutMs: 1_000,
      maxUnsentBytes: 65_536,
      lingerMs: 1_000,
      isOpeningLimited: false,
    };
    const ignore = (): void => {};
    const frames = new FrameConnection(connection, setting, {
      opened: ignore,
      heard: ignore,
      frame: ignore,
      readDone: ignore,
      ended: ignore,
      broken: ignore,
      late: ignore,
    });
    events.current?.received(ping());
    events.current?.received(Uint8Array.of(1, 2, 3));
    events.current?.received(ping());
    expect(frames.framesSeen).toBe(2);
    frames.destroy();
  });
});

function ping(): Uint8Array {
  const encoder = new FrameEncoder();
  encoder.append({ kind: 'ping', written: 0 });
  return Buffer.concat(encoder.take());
}
