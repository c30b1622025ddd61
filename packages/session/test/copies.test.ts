import type { Frame } from '@wilco/protocol';
import { expect, test } from 'vitest';
import { Pair } from './pair.ts';

/** More than any window in time that somebody might remember copies for. */
const YEAR_MS = 365 * 24 * 3_600_000;

test('the same bytes sent twice are two messages', () => {
  const pair = new Pair();
  pair.connect();
  const twins = [1, 2].map(() => pair.send(pair.client, { bytes: Uint8Array.of(7) }));
  pair.advance(10);
  expect(pair.server.taken.map(({ seq }) => seq)).toEqual([1, 2]);
  expect(twins.map((twin) => pair.client.settlements.get(twin)?.status)).toEqual([
    'handled',
    'handled',
  ]);
});

test('a copy is known for one, however late it comes', () => {
  const pair = new Pair();
  pair.isReliable = false;
  const frames: Frame[] = [];
  pair.fate = (frame) => {
    if (frame.kind === 'message') frames.push(frame);
    return 'pass';
  };
  pair.connect();
  pair.send(pair.client);
  pair.advance(10);
  pair.sleep(YEAR_MS);
  for (const frame of frames) pair.inject(pair.server, frame);
  expect(frames).toHaveLength(1);
  expect(pair.server.taken).toHaveLength(1);
});
