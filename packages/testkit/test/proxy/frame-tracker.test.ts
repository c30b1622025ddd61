import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameTracker, type FrameTracker } from '../../src/proxy/frame-tracker.ts';

const PREAMBLE = Uint8Array.of(0x57, 0x49, 0x4c, 0x43, 0x4f, 0x0d, 0x0a, 0x01);
const MESSAGE_HEAD = 0x80;
const ACK_HEAD = 11;
const PING_HEAD = 14;

describe('the tracker of Wilco', () => {
  test('finds the kind, start and end of each frame after the preamble', () => {
    const stream = bytes(
      PREAMBLE,
      frame(MESSAGE_HEAD, 3),
      frame(ACK_HEAD, 200),
      frame(PING_HEAD, 0),
    );
    expect(frameTracker('wilco').track(stream)).toEqual([
      { kind: 'message', start: 8, end: 13 },
      { kind: 'ack', start: 13, end: 216 },
      { kind: 'other', start: 216, end: 218 },
    ]);
  });

  test('gives a frame once, when its head has come, however the stream is cut', () => {
    const heads = fc.constantFrom(MESSAGE_HEAD, 0xff, ACK_HEAD, PING_HEAD, 1);
    const frames = fc.array(fc.tuple(heads, fc.integer({ min: 0, max: 70_000 })), { maxLength: 8 });
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 12 }), (drawn, cuts) => {
        const stream = bytes(PREAMBLE, ...drawn.map(([head, size]) => frame(head, size)));
        const whole = places(frameTracker('wilco'), [stream]);
        expect(whole).toHaveLength(drawn.length);
        expect(places(frameTracker('wilco'), pieces(stream, cuts))).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  test('finds nothing more behind a length that no frame can have', () => {
    const strange = bytes(PREAMBLE, Uint8Array.of(0xff, 0xff, 0xff, 0xff), frame(MESSAGE_HEAD, 3));
    expect(frameTracker('wilco').track(strange)).toEqual([]);
    expect(frameTracker('wilco').track(bytes(PREAMBLE, Uint8Array.of(0, 0x80)))).toEqual([]);
  });
});

describe('the tracker of lines', () => {
  test('takes each line for a message', () => {
    expect(frameTracker('lines').track(Buffer.from('one\ntwo\n'))).toEqual([
      { kind: 'message', start: 0, end: 4 },
      { kind: 'message', start: 4, end: 8 },
    ]);
  });

  test('gives a line once, when it begins, however the stream is cut', () => {
    const tracker = frameTracker('lines');
    expect(tracker.track(Buffer.from('on'))).toEqual([{ kind: 'message', start: 0, end: 3 }]);
    expect(tracker.track(Buffer.from('e'))).toEqual([]);
    expect(tracker.track(Buffer.from('\nt'))).toEqual([{ kind: 'message', start: 1, end: 3 }]);
  });
});

describe('the tracker of bytes', () => {
  test('takes each piece for a message', () => {
    const piece = Buffer.from('anything');
    expect(frameTracker('bytes').track(piece)).toEqual([{ kind: 'message', start: 0, end: 8 }]);
  });
});

/** A frame with a head and a body of zeros; what is inside does not matter to a tracker. */
function frame(head: number, bodyBytes: number): Uint8Array {
  const length = bodyBytes + 1;
  const varint = [];
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    varint.push(rest < 128 ? rest : (rest % 128) | 0x80);
    if (rest < 128) break;
  }
  return bytes(Uint8Array.of(...varint, head), new Uint8Array(bodyBytes));
}

function bytes(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function pieces(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [
    0,
    ...cuts.map((cut) => cut % stream.length).toSorted((a, b) => a - b),
    stream.length,
  ];
  return places.slice(1).map((end, index) => stream.subarray(places[index], end));
}

/** The frames that a tracker finds, by their ends counted from the beginning of the stream. */
function places(tracker: FrameTracker, parts: readonly Uint8Array[]): string[] {
  let offset = 0;
  return parts.flatMap((part) => {
    const found = tracker.track(part).map(({ kind, end }) => `${kind} to ${offset + end}`);
    offset += part.length;
    return found;
  });
}
