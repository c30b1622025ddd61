import { crc32 } from 'node:zlib';
import type { Frame, WilcoError } from '@wilco/protocol';
import { expect } from 'vitest';
import { FrameDecoder, FrameEncoder, type FrameDecoderOptions } from '../src/index.ts';

/** What came out of a stream. */
export interface Decoded {
  readonly frames: readonly Frame[];
  readonly error: WilcoError | undefined;
  readonly framesSeen: number;
  readonly hasUnfinished: boolean;
}

export interface DecodeOptions extends Partial<FrameDecoderOptions> {
  readonly hasChecksum?: boolean;
}

/** Frames as the bytes of a stream. */
export function encodeAll(frames: readonly Frame[], hasChecksum = true): Uint8Array {
  const encoder = new FrameEncoder({ hasChecksum });
  for (const frame of frames) encoder.append(frame);
  return concat(encoder.take());
}

/**
 * Feeds a stream in pieces of these sizes, the last for all that is left. Each piece is
 * overwritten once it was pushed, as a socket that reuses its buffer would do.
 */
export function decodeAll(
  bytes: Uint8Array,
  sizes: readonly number[] = [],
  options: DecodeOptions = {},
): Decoded {
  const decoder = new FrameDecoder({ expectsPreamble: false, ...options });
  decoder.hasChecksum = options.hasChecksum ?? true;
  const frames: Frame[] = [];
  let error: WilcoError | undefined;
  for (const piece of pieces(bytes, sizes)) {
    error = decoder.push(piece, (frame) => frames.push(kept(frame)));
    piece.fill(0xee);
  }
  const { framesSeen, hasUnfinished } = decoder;
  return { frames, error, framesSeen, hasUnfinished };
}

function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let position = 0;
  for (let i = 0; position < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] as number);
    yield bytes.slice(position, position + size);
    position += size;
  }
}

/** A frame that outlives the call of `onFrame`. */
export function kept(frame: Frame): Frame {
  return 'payload' in frame ? { ...frame, payload: Uint8Array.from(frame.payload) } : frame;
}

/** Compares frames, with a quick answer for long payloads. */
export function expectSame(actual: readonly Frame[], wanted: readonly Frame[]): void {
  expect(actual.map(withDigits)).toEqual(wanted.map(withDigits));
}

function withDigits(frame: Frame): object {
  if (!('payload' in frame)) return frame;
  return { ...frame, payload: Buffer.from(frame.payload).toString('latin1') };
}

export function concat(buffers: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(buffers));
}

/** A frame with any head and body, with the right length and checksum. */
export function rawFrame(head: number, body: readonly number[], hasChecksum = true): Uint8Array {
  const length = varint(1 + body.length + (hasChecksum ? 4 : 0));
  const covered = Uint8Array.from([...length, head, ...body]);
  if (!hasChecksum) return covered;
  const sum = crc32(covered);
  return Uint8Array.from([
    ...covered,
    sum >>> 24,
    (sum >>> 16) & 255,
    (sum >>> 8) & 255,
    sum & 255,
  ]);
}

/** A varint, written in the plainest way. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** Hexadecimal digits, spaces allowed. */
export function hex(digits: string): number[] {
  return [...Buffer.from(digits.replaceAll(' ', ''), 'hex')];
}
