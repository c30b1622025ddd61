import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Frame } from '@wilco/protocol';
import { expect, it } from 'vitest';
import { FrameDecoder } from '../src/index.ts';
import { encodeAll } from './byte-stream.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of array buffers that are still reachable. */
function reachableBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

const CHUNK_BYTES = 64 * 1024;
const DECODERS = 500;

const ignore = (): void => undefined;

/** Decoders that each got a chunk of 64 KiB: that of `write` and zeroes before it. */
function decodersAfter(write: (chunk: Uint8Array) => Uint8Array): FrameDecoder[] {
  return Array.from({ length: DECODERS }, () => {
    const decoder = new FrameDecoder({ expectsPreamble: false });
    expect(decoder.push(write(new Uint8Array(CHUNK_BYTES)), ignore)).toBeUndefined();
    return decoder;
  });
}

it('does not keep a chunk of 64 KiB for the beginning of a frame', () => {
  const fragment: Frame = {
    kind: 'fragment',
    channel: 1,
    seq: 1,
    offset: 1,
    payload: new Uint8Array(60_000),
  };
  const whole = encodeAll([fragment]);
  const before = reachableBytes();
  const decoders = decodersAfter((chunk) => {
    chunk.set(whole);
    chunk.set(whole.subarray(0, 10), whole.length);
    return chunk.subarray(0, whole.length + 10);
  });
  expect(decoders.every((decoder) => decoder.hasUnfinished)).toBe(true);
  expect(reachableBytes() - before).toBeLessThan(DECODERS * 1_024);
});

it('does not keep a chunk whose frames are all done', () => {
  const fragment: Frame = {
    kind: 'fragment',
    channel: 1,
    seq: 1,
    offset: 1,
    payload: new Uint8Array(60_000),
  };
  const whole = encodeAll([fragment]);
  const before = reachableBytes();
  const decoders = decodersAfter((chunk) => {
    chunk.set(whole);
    return chunk.subarray(0, whole.length);
  });
  expect(decoders.some((decoder) => decoder.hasUnfinished)).toBe(false);
  expect(reachableBytes() - before).toBeLessThan(DECODERS * 1_024);
});

it('allocates by what came in, not by what a length announces', () => {
  const header = encodeAll([
    { kind: 'fragment', channel: 1, seq: 1, offset: 1, payload: new Uint8Array(65_000) },
  ]).slice(0, 5);
  const before = reachableBytes();
  const decoders = decodersAfter((chunk) => {
    chunk.set(header);
    return chunk.subarray(0, header.length);
  });
  expect(decoders.every((decoder) => decoder.hasUnfinished)).toBe(true);
  expect(reachableBytes() - before).toBeLessThan(DECODERS * 1_024);
});

it('gives back the buffer of a large frame that came in pieces', () => {
  const whole = encodeAll([
    { kind: 'fragment', channel: 1, seq: 1, offset: 1, payload: new Uint8Array(65_000) },
  ]);
  const before = reachableBytes();
  const decoders = decodersAfter(() => whole.subarray(0, 40_000));
  for (const decoder of decoders) decoder.push(whole.subarray(40_000), ignore);
  expect(decoders.some((decoder) => decoder.hasUnfinished)).toBe(false);
  expect(reachableBytes() - before).toBeLessThan(DECODERS * 1_024);
});

it('leaves the payload of a large message where it is, also of one that came in pieces', () => {
  const kept: Uint8Array[] = [];
  const decoder = new FrameDecoder({ expectsPreamble: false });
  for (let byte = 1; byte <= 6; byte++) {
    const stream = encodeAll([message(byte), fragment(100 + byte)]);
    const middle = stream.length / 3;
    for (const chunk of [stream.slice(0, middle), stream.slice(middle)]) {
      decoder.push(chunk, (frame) => {
        if (frame.kind === 'message') kept.push(frame.payload);
        else if (frame.kind === 'fragment') expect(frame.payload[59_999]).toBe(100 + byte);
      });
    }
  }
  expect(kept.map((payload) => new Set(payload))).toEqual(
    [1, 2, 3, 4, 5, 6].map((n) => new Set([n])),
  );
});

it('keeps no more than two buffers for fragments, however many come at once', () => {
  const stream = encodeAll([fragment(1)]);
  const before = reachableBytes();
  const decoders = Array.from({ length: 20 }, () => new FrameDecoder({ expectsPreamble: false }));
  for (const decoder of decoders) decoder.push(stream.slice(0, 50_000), ignore);
  for (const decoder of decoders) decoder.push(stream.slice(50_000), ignore);
  expect(decoders.map(({ framesSeen }) => framesSeen)).toEqual(decoders.map(() => 1));
  expect(reachableBytes() - before).toBeLessThan(3 * CHUNK_BYTES);
});

function message(byte: number): Frame {
  return {
    ...{ kind: 'message', channel: 1, seq: byte, type: 1, ttlMs: undefined, id: undefined },
    ...{ isResent: false, ackNow: false, totalBytes: undefined, extensions: [] },
    payload: new Uint8Array(60_000).fill(byte),
  } as const;
}

function fragment(byte: number): Frame {
  const payload = new Uint8Array(60_000).fill(byte);
  return { kind: 'fragment', channel: 1, seq: 1, offset: 1, payload };
}
