import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PlainDecoder } from './plain-decoder.mjs';
import { bytesOf } from './plain-encoder.mjs';
import { vectorFiles } from './write.mjs';

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
  readonly rule: string;
}

interface StreamVector {
  readonly name: string;
  readonly hex: string;
  readonly integrity: boolean;
  readonly frames: readonly object[];
  readonly skipped: number;
  readonly error?: string;
}

const CHUNK_SIZES = [1, 2, 7, 64, 1_000_000];

function load<Vector>(name: string): Vector[] {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Vector[];
}

/** What a fresh plain decoder makes of some bytes, in pieces of one size. */
function decodedPlainly(
  bytes: Uint8Array,
  chunkSize: number,
  options: { readonly hasPreamble?: boolean; readonly hasChecksum?: boolean },
): { frames: object[]; count: number; code: string | undefined; rule: string | undefined } {
  const decoder = new PlainDecoder(options);
  const frames: object[] = [];
  for (let from = 0; from < bytes.length; from += chunkSize) {
    const problem = decoder.push(bytes.subarray(from, from + chunkSize), (frame: object) =>
      frames.push(frame),
    );
    if (problem) return { frames, count: decoder.frameCount, ...problem };
  }
  return { frames, count: decoder.frameCount, code: undefined, rule: undefined };
}

describe('the golden vectors', () => {
  it.each(Object.entries(vectorFiles()))('are what is written to %s', (name, content) => {
    expect(readFileSync(new URL(name, import.meta.url), 'utf8')).toBe(content);
  });

  it('have names of their own, and no broken frame twice', () => {
    const vectors = [
      ...load<FrameVector>('frames.json'),
      ...load<BrokenVector>('broken.json'),
      ...load<StreamVector>('streams.json'),
    ];
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
    const broken = load<BrokenVector>('broken.json').map(({ hex }) => hex);
    expect(new Set(broken).size).toBe(broken.length);
  });

  it('cite rules that PROTOCOL.md has', () => {
    const protocol = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');
    for (const { rule } of load<BrokenVector>('broken.json')) {
      expect(protocol).toContain(`**[${rule}]**`);
    }
  });
});

describe('the plain decoder', () => {
  it.each(load<FrameVector>('frames.json'))('reads $name', ({ hex, checksum, frame }) => {
    const options = { hasPreamble: false, hasChecksum: checksum !== false };
    for (const size of CHUNK_SIZES.slice(2)) {
      expect(decodedPlainly(bytesOf(hex), size, options).frames).toEqual([frame]);
    }
  });

  it.each(load<BrokenVector>('broken.json'))('refuses $name', ({ hex, error, rule }) => {
    for (const size of CHUNK_SIZES.slice(2)) {
      const result = decodedPlainly(bytesOf(hex), size, { hasPreamble: false });
      expect(result).toEqual({ frames: [], count: 0, code: error, rule });
    }
  });

  it.each(load<StreamVector>('streams.json'))('follows: $name', (vector) => {
    for (const size of CHUNK_SIZES.slice(2)) {
      const options = { hasChecksum: !vector.integrity };
      const result = decodedPlainly(bytesOf(vector.hex), size, options);
      expect(result.frames).toEqual(vector.frames);
      expect(result.count).toBe(vector.frames.length + vector.skipped);
      expect(result.code).toBe(vector.error);
    }
  });
});
