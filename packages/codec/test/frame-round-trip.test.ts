import type { FrameKind } from '@wilco/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAll, encodeAll, expectSame } from './byte-stream.ts';
import { anyFrame, FRAMES } from './frame-arbitraries.ts';

const KINDS = Object.keys(FRAMES) as FrameKind[];

describe('a frame that was encoded and decoded', () => {
  for (const kind of KINDS) {
    it(`is the same: ${kind}`, () => {
      fc.assert(
        fc.property(FRAMES[kind], fc.boolean(), (frame, hasChecksum) => {
          const decoded = decodeAll(encodeAll([frame], hasChecksum), [], { hasChecksum });
          expect(decoded.error).toBeUndefined();
          expectSame(decoded.frames, [frame]);
        }),
        { numRuns: 300 },
      );
    });

    it(`is the same when its bytes come one by one: ${kind}`, () => {
      fc.assert(
        fc.property(FRAMES[kind], (frame) => {
          const decoded = decodeAll(encodeAll([frame]), [1]);
          expect(decoded.error).toBeUndefined();
          expectSame(decoded.frames, [frame]);
        }),
        { numRuns: 25 },
      );
    });

    it(`has the same fields in the same order each time: ${kind}`, () => {
      const shapes = new Set<string>();
      fc.assert(
        fc.property(FRAMES[kind], (frame) => {
          const [decoded] = decodeAll(encodeAll([frame])).frames;
          shapes.add(Object.keys(decoded as object).join());
        }),
        { numRuns: 60 },
      );
      expect(shapes.size).toBe(1);
    });
  }
});

describe('a stream of frames', () => {
  it('gives the same frames however it is cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 8 }),
        sizes,
        fc.boolean(),
        (frames, cut, hasChecksum) => {
          const decoded = decodeAll(encodeAll(frames, hasChecksum), cut, { hasChecksum });
          expect(decoded.error).toBeUndefined();
          expectSame(decoded.frames, frames);
          expect(decoded.framesSeen).toBe(frames.length);
          expect(decoded.hasUnfinished).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has only one encoding: what is decoded encodes to the same bytes', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const bytes = encodeAll([frame]);
        expect(Buffer.from(encodeAll(decodeAll(bytes).frames)).equals(bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is waited for where it ends in the middle of a frame, and never decoded wrongly', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, cut) => {
        const bytes = encodeAll([frame]);
        const part = bytes.slice(0, cut % bytes.length);
        const decoded = decodeAll(part, [7]);
        expect(decoded.error).toBeUndefined();
        expect(decoded.frames).toEqual([]);
        expect(decoded.hasUnfinished).toBe(part.length > 0);
      }),
      { numRuns: 300 },
    );
  });
});
