import type { Frame } from '@wilco/protocol';
import { describe, expect, it } from 'vitest';
import { FrameEncoder } from '../src/index.ts';
import { concat, decodeAll } from './byte-stream.ts';

const ping = (written: number): Frame => ({ kind: 'ping', written });

function message(payloadBytes: number): Frame {
  return {
    kind: 'message',
    channel: 1,
    seq: 1,
    type: 1,
    ttlMs: undefined,
    id: undefined,
    isResent: false,
    ackNow: false,
    totalBytes: undefined,
    extensions: [],
    payload: new Uint8Array(payloadBytes),
  };
}

describe('many encoders that say little', () => {
  it('write behind each other in the same memory, and never over each other', () => {
    const encoders = Array.from({ length: 100 }, () => new FrameEncoder());
    const taken = encoders.flatMap((encoder, index) => {
      encoder.append(ping(index));
      return encoder.take();
    });
    expect(new Set(taken.map(({ buffer }) => buffer)).size).toBeLessThan(5);
    const frames = taken.map((bytes) => decodeAll(bytes).frames);
    expect(frames).toEqual(encoders.map((_, index) => [ping(index)]));
  });

  it('split what they write in the same places, whatever others left of the memory', () => {
    const piecesOf = (): number[] => {
      const encoder = new FrameEncoder();
      for (const bytes of [900, 900, 900, 900, 900, 900]) {
        encoder.append(message(bytes));
      }
      return encoder.take().map(({ length }) => length);
    };
    const pieces = piecesOf();
    for (let left = 0; left < 60; left++) {
      const other = new FrameEncoder();
      other.append(message(100 + left));
      other.take();
      expect(piecesOf()).toEqual(pieces);
    }
  });

  it('write each into its own while none has finished', () => {
    const encoders = Array.from({ length: 20 }, () => new FrameEncoder());
    for (let round = 0; round < 3; round++) {
      for (const [index, encoder] of encoders.entries()) encoder.append(ping(index));
    }
    for (const [index, encoder] of encoders.entries()) {
      const { frames } = decodeAll(concat(encoder.take()));
      expect(frames).toEqual(Array.from({ length: 3 }, () => ping(index)));
    }
  });
});
