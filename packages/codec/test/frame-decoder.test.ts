import { LIMITS, type Frame, type WilcoError } from '@wilco/protocol';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, FrameEncoder } from '../src/index.ts';
import { concat, decodeAll, encodeAll, hex, rawFrame, varint } from './byte-stream.ts';

const PREAMBLE = Uint8Array.from(hex('57494c434f0d0a01'));
const CHUNK_SIZES = [[1], [2], [3], [7], [64], []];

const ping = (written: number): Frame => ({ kind: 'ping', written });
const ignore = (): void => undefined;

function open(parts: { maxBodyBytes?: number } = {}): FrameDecoder {
  return new FrameDecoder({ expectsPreamble: false, ...parts });
}

describe('the preamble', () => {
  it('is passed over, however it is cut', () => {
    const stream = concat([PREAMBLE, encodeAll([ping(1)])]);
    for (const sizes of CHUNK_SIZES) {
      expect(decodeAll(stream, sizes, { expectsPreamble: true }).frames).toEqual([ping(1)]);
    }
  });

  it('is unfinished until it is whole', () => {
    const decoder = new FrameDecoder({ expectsPreamble: true });
    expect(decoder.hasUnfinished).toBe(false);
    decoder.push(PREAMBLE.subarray(0, 3), ignore);
    expect(decoder.hasUnfinished).toBe(true);
    decoder.push(PREAMBLE.subarray(3), ignore);
    expect(decoder.hasUnfinished).toBe(false);
  });

  it('is refused at its first wrong byte, with a guess at who calls', () => {
    const errors = ['GET / HTTP/1.1\r\n', '\x16\x03\x01', 'WILLO'].map((text) => {
      return decodeAll(Buffer.from(text), [1], { expectsPreamble: true }).error?.message;
    });
    expect(errors).toEqual([
      'WILCO_PREAMBLE_UNKNOWN: byte 0 of the stream is 0x47, wanted 0x57 (HTTP?)',
      'WILCO_PREAMBLE_UNKNOWN: byte 0 of the stream is 0x16, wanted 0x57 (TLS?)',
      'WILCO_PREAMBLE_UNKNOWN: byte 3 of the stream is 0x4c, wanted 0x43',
    ]);
  });

  it('of another framing version is told apart', () => {
    const stream = concat([PREAMBLE.subarray(0, 7), Uint8Array.of(2)]);
    for (const sizes of CHUNK_SIZES) {
      const { error } = decodeAll(stream, sizes, { expectsPreamble: true });
      expect(error?.code).toBe('WILCO_VERSION_UNSUPPORTED');
    }
  });
});

describe('a frame that is too large', () => {
  it('is refused as soon as its length is known', () => {
    const decoder = open();
    expect(decoder.push(Uint8Array.from(varint(66_566)), ignore)?.code).toBe(
      'WILCO_FRAME_TOO_LARGE',
    );
  });

  it('is refused at the first byte beyond the limit and not before', () => {
    for (const hasChecksum of [true, false]) {
      for (const [bodyBytes, code] of [
        [100, undefined],
        [101, 'WILCO_FRAME_TOO_LARGE'],
      ] as const) {
        const stream = rawFrame(0x7f, new Array<number>(bodyBytes).fill(0), hasChecksum);
        const { error } = decodeAll(stream, [1], { maxBodyBytes: 100, hasChecksum });
        expect(error?.code).toBe(code);
      }
    }
  });

  it('is one with the largest body and a byte more', () => {
    const largest = { kind: 'fragment', channel: 1, seq: 1, offset: 1 } as const;
    const payload = new Uint8Array(LIMITS.fragmentBytes);
    expect(decodeAll(encodeAll([{ ...largest, payload }])).frames).toHaveLength(1);
    const skipped = rawFrame(0x7f, new Array<number>(LIMITS.frameBodyBytes).fill(0));
    expect(decodeAll(skipped)).toMatchObject({ error: undefined, framesSeen: 1 });
    const larger = rawFrame(0x7f, new Array<number>(LIMITS.frameBodyBytes + 1).fill(0));
    expect(decodeAll(larger).error?.code).toBe('WILCO_FRAME_TOO_LARGE');
  });

  it('is refused where its length has four bytes, whatever they say', () => {
    expect(decodeAll(Uint8Array.of(0x85, 0x80, 0x80, 0x00)).error?.code).toBe(
      'WILCO_FRAME_TOO_LARGE',
    );
  });
});

describe('the checksum', () => {
  it('finds every flipped bit of a small frame, at the latest with the next', () => {
    const stream = encodeAll([ping(77), ping(78)]);
    const [first] = [encodeAll([ping(77)]).length];
    for (let bit = 0; bit < first * 8; bit++) {
      const damaged = Uint8Array.from(stream);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const { frames, error, hasUnfinished } = decodeAll(damaged);
      expect(frames).toEqual([]);
      expect(error !== undefined || hasUnfinished).toBe(true);
    }
  });

  it('is looked at before anything else of the frame', () => {
    const stream = rawFrame(0x3f, hex('ff ff'));
    stream[3] = 0x11;
    expect(decodeAll(stream).error?.code).toBe('WILCO_FRAME_CORRUPT');
  });

  it('is expected of opening frames also where it is switched off', () => {
    const refuse: Frame = { kind: 'refuse', code: 'X', reason: 'y', retryAfterMs: 5 };
    const stream = encodeAll([refuse, ping(1)], false);
    expect(decodeAll(stream, [1], { hasChecksum: false }).frames).toEqual([refuse, ping(1)]);
    expect(decodeAll(rawFrame(3, [0, 0, 0], false), [], { hasChecksum: false }).error?.code).toBe(
      'WILCO_FRAME_MALFORMED',
    );
  });

  it('can be switched off from inside onFrame, from the next frame on', () => {
    const encoder = new FrameEncoder();
    encoder.append(ping(1));
    encoder.hasChecksum = false;
    encoder.append(ping(2));
    encoder.append(ping(3));
    const stream = concat(encoder.take());
    for (const size of [1, 5, 8, 100]) {
      const decoder = open();
      const seen: Frame[] = [];
      for (let at = 0; at < stream.length; at += size) {
        decoder.push(stream.subarray(at, at + size), (frame) => {
          seen.push(frame);
          decoder.hasChecksum = false;
        });
      }
      expect(seen).toEqual([ping(1), ping(2), ping(3)]);
    }
  });
});

describe('the limit of a body', () => {
  it('can be raised from inside onFrame, from the next frame on', () => {
    const large: Frame = {
      kind: 'fragment',
      channel: 1,
      seq: 1,
      offset: 1,
      payload: new Uint8Array(200),
    };
    const stream = encodeAll([ping(1), large]);
    const decoder = open({ maxBodyBytes: 10 });
    let frames = 0;
    const error = decoder.push(stream, () => {
      frames += 1;
      decoder.maxBodyBytes = LIMITS.frameBodyBytes;
    });
    expect([error, frames]).toEqual([undefined, 2]);
    expect(decodeAll(stream, [], { maxBodyBytes: 10 }).error?.code).toBe('WILCO_FRAME_TOO_LARGE');
  });
});

describe('unknown kinds', () => {
  it('are skipped and counted where they say so', () => {
    const stream = concat([
      encodeAll([ping(1)]),
      rawFrame(0x40 | 20, hex('ff ff ff')),
      rawFrame(0x40, []),
      encodeAll([ping(2)]),
    ]);
    for (const sizes of CHUNK_SIZES) {
      const { frames, framesSeen, error } = decodeAll(stream, sizes);
      expect(frames).toEqual([ping(1), ping(2)]);
      expect(framesSeen).toBe(4);
      expect(error).toBeUndefined();
    }
  });

  it('are malformed where they do not', () => {
    for (const kind of [0, 7, 20, 21, 63]) {
      expect(decodeAll(rawFrame(kind, [])).error?.message).toBe(
        `WILCO_FRAME_MALFORMED: kind ${String(kind)}: the kind is unknown`,
      );
    }
  });

  it('are not those of version 1 with the skip bit', () => {
    for (let kind = 1; kind <= 19; kind++) {
      const { error } = decodeAll(rawFrame(0x40 | kind, []));
      expect(error?.code, String(kind)).toBe(kind === 7 ? undefined : 'WILCO_FRAME_MALFORMED');
    }
  });
});

describe('a decoder that met an error', () => {
  it('gave the frames before it, gives none after it, and says the same ever after', () => {
    const stream = concat([encodeAll([ping(1)]), rawFrame(0, []), encodeAll([ping(2)])]);
    const decoder = open();
    const seen: Frame[] = [];
    const keep = (frame: Frame): void => {
      seen.push(frame);
    };
    const error = decoder.push(stream, keep);
    expect(error?.code).toBe('WILCO_FRAME_MALFORMED');
    expect(decoder.push(encodeAll([ping(3)]), keep)).toBe(error);
    expect(seen).toEqual([ping(1)]);
    expect(decoder.framesSeen).toBe(1);
    expect(decoder.hasUnfinished).toBe(false);
  });
});

describe('onFrame', () => {
  it('can stop the decoder in the middle of a chunk', () => {
    const decoder = open();
    let frames = 0;
    const stop = (): void => {
      frames += 1;
      decoder.stop();
    };
    expect(
      decoder.push(concat([encodeAll([ping(1), ping(2)]), rawFrame(0, [])]), stop),
    ).toBeUndefined();
    expect(decoder.push(encodeAll([ping(3)]), stop)).toBeUndefined();
    expect(frames).toBe(1);
  });

  it('can stop it also where the frame came in two pieces', () => {
    const decoder = open();
    const stream = encodeAll([ping(1), ping(2)]);
    let frames = 0;
    for (const piece of [stream.subarray(0, 2), stream.subarray(2)]) {
      decoder.push(piece, () => {
        frames += 1;
        decoder.stop();
      });
    }
    expect(frames).toBe(1);
  });

  it('may throw: the exception comes out, and the decoder has stopped', () => {
    const decoder = open();
    const stream = encodeAll([ping(1), ping(2)]);
    const fail = (): never => {
      throw new RangeError('of the caller');
    };
    expect(() => decoder.push(stream, fail)).toThrow('of the caller');
    expect(decoder.push(stream, fail)).toBeUndefined();
  });

  it('may not push', () => {
    const decoder = open();
    const push = (): WilcoError | undefined => decoder.push(PREAMBLE, ignore);
    expect(() => decoder.push(encodeAll([ping(1)]), push)).toThrow(TypeError);
  });

  it('sees its own frame counted', () => {
    const decoder = open();
    const counts: number[] = [];
    decoder.push(encodeAll([ping(1), ping(2)]), () => counts.push(decoder.framesSeen));
    expect(counts).toEqual([1, 2]);
  });

  it('gets views of the chunk as payloads, and never a Buffer', () => {
    const fragment: Frame = {
      kind: 'fragment',
      channel: 1,
      seq: 1,
      offset: 1,
      payload: Uint8Array.of(1, 2),
    };
    const chunk = Buffer.from(encodeAll([fragment]));
    open().push(chunk, (frame) => {
      const { payload } = frame as typeof fragment;
      expect(payload.constructor).toBe(Uint8Array);
      expect(payload.buffer).toBe(chunk.buffer);
    });
  });

  it('gets tokens, credentials and extensions that stay when the chunk changes', () => {
    const credentials: Frame = { kind: 'credentials', credentials: Uint8Array.of(1, 2, 3) };
    expect(decodeAll(encodeAll([credentials])).frames).toEqual([credentials]);
  });
});
