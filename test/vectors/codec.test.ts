import { readFileSync } from 'node:fs';
import { FrameDecoder, FrameEncoder } from '@wilco/codec';
import type { Frame } from '@wilco/protocol';
import { describe, expect, it } from 'vitest';
import { bytesOf, hexOf } from './plain-encoder.mjs';

interface FrameVector {
  readonly name: string;
  readonly hex: string;
  readonly checksum?: boolean;
  readonly frame: object;
}

interface BrokenVector {
  readonly name: string;
  readonly hex: string;
  readonly error: string;
}

interface StreamVector {
  readonly name: string;
  readonly hex: string;
  readonly integrity: boolean;
  readonly frames: readonly object[];
  readonly skipped: number;
  readonly error?: string;
}

/** Sizes of the pieces in which bytes come in: one at a time, odd ones, all at once. */
const CHUNK_SIZES = [1, 3, 64, 4_099, 1_000_000];

/** The fields that are bytes, which the vectors write as hexadecimal digits. */
const BYTE_FIELDS = new Set(['token', 'credentials', 'payload', 'value']);

function load<Vector>(name: string): Vector[] {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Vector[];
}

/** A frame as the vectors write it: bytes as digits, nothing that is `undefined`. */
function asVector(frame: Frame): unknown {
  return JSON.parse(
    JSON.stringify(frame, (_, value: unknown) =>
      value instanceof Uint8Array ? hexOf(value) : value,
    ),
  );
}

/** A frame of the vectors as the codec takes it. */
function asFrame(vector: object): Frame {
  return JSON.parse(JSON.stringify(vector), (key, value: unknown) => {
    if (!BYTE_FIELDS.has(key) || typeof value !== 'string') return value;
    return new Uint8Array(bytesOf(value));
  }) as Frame;
}

function encoded(frames: readonly object[], hasChecksum: boolean, hasPreamble: boolean): string {
  const encoder = new FrameEncoder({ hasChecksum });
  if (hasPreamble) encoder.appendPreamble();
  for (const frame of frames) encoder.append(asFrame(frame));
  return hexOf(Buffer.concat(encoder.take()));
}

interface Decoded {
  readonly frames: readonly unknown[];
  readonly code: string | undefined;
  readonly count: number;
}

function decoded(
  hex: string,
  chunkSize: number,
  options: { readonly expectsPreamble: boolean; readonly hasChecksum: boolean },
): Decoded {
  const decoder = new FrameDecoder({ expectsPreamble: options.expectsPreamble });
  decoder.hasChecksum = options.hasChecksum;
  const frames: unknown[] = [];
  const bytes = new Uint8Array(bytesOf(hex));
  let code: string | undefined;
  for (let from = 0; from < bytes.length && code === undefined; from += chunkSize) {
    const chunk = bytes.slice(from, from + chunkSize);
    code = decoder.push(chunk, (frame) => frames.push(asVector(frame)))?.code;
    // What the decoder keeps must be its own.
    chunk.fill(0xee);
  }
  return { frames, code, count: decoder.framesSeen };
}

describe('the codec and the plain encoder read the specification alike', () => {
  it.each(load<FrameVector>('frames.json'))('$name', ({ hex, checksum, frame }) => {
    const hasChecksum = checksum !== false;
    expect(encoded([frame], hasChecksum, false)).toBe(hex);
    for (const size of CHUNK_SIZES) {
      const result = decoded(hex, size, { expectsPreamble: false, hasChecksum });
      expect(result).toEqual({ frames: [frame], code: undefined, count: 1 });
    }
  });

  it.each(load<BrokenVector>('broken.json'))('refused: $name', ({ hex, error }) => {
    for (const size of CHUNK_SIZES) {
      const result = decoded(hex, size, { expectsPreamble: false, hasChecksum: true });
      expect(result).toEqual({ frames: [], code: error, count: 0 });
    }
  });

  it.each(load<StreamVector>('streams.json'))('a stream: $name', (vector) => {
    for (const size of CHUNK_SIZES) {
      const options = { expectsPreamble: true, hasChecksum: !vector.integrity };
      expect(decoded(vector.hex, size, options)).toEqual({
        frames: vector.frames,
        code: vector.error,
        count: vector.frames.length + vector.skipped,
      });
    }
    if (vector.error !== undefined || vector.skipped > 0) return;
    expect(encoded(vector.frames, !vector.integrity, true)).toBe(vector.hex);
  });
});
